//! The values of the manifest's variables.
//!
//! A value comes from `--variable`, else from `SPIN_VARIABLE_<NAME>`, else from plain `<NAME>` (as
//! in the original server's `.env`: `API_KEY`, `MAX_BODY_SIZE`, …), else from the manifest's
//! default.

use std::collections::{BTreeMap, HashMap};

use kamiflow_sync_component::settings::check_file_fits;

use super::bad_setting::BadSetting;
use super::environment::Environment;
use super::manifest::Variable;

/// By name; a variable without a value is absent.
pub type Values = BTreeMap<String, String>;

/// Resolves each declared variable. When a flag is repeated, the last one wins.
///
/// # Errors
///
/// When a flag sets a variable that the manifest does not declare.
pub fn resolve(
    declared: &BTreeMap<String, Variable>,
    flags: &[(String, String)],
    environment: &Environment,
) -> Result<Values, BadSetting> {
    if let Some((name, _)) = flags.iter().find(|(name, _)| !declared.contains_key(name)) {
        let message = format!("--variable {name}: the manifest declares no such variable");
        return Err(BadSetting(message));
    }
    let value_of = |name: &str, variable: &Variable| {
        let upper = name.to_ascii_uppercase();
        let flag = flags.iter().rev().find(|(flag, _)| flag == name);
        flag.map(|(_, value)| value.as_str())
            .or_else(|| environment.get(&format!("SPIN_VARIABLE_{upper}")))
            .or_else(|| environment.get(&upper))
            .or(variable.default.as_deref())
            .map(str::to_owned)
    };
    let values = declared
        .iter()
        .filter_map(|(name, variable)| Some((name.clone(), value_of(name, variable)?)));
    Ok(values.collect())
}

/// Fails when a required variable has no value.
pub fn require(declared: &BTreeMap<String, Variable>, values: &Values) -> Result<(), BadSetting> {
    let missing =
        |(name, variable): &(&String, &Variable)| variable.required && !values.contains_key(*name);
    match declared.iter().find(missing) {
        None => Ok(()),
        Some((name, _)) => Err(BadSetting(format!(
            "{} has no value: set it, or give --variable {name}=…",
            name.to_ascii_uppercase()
        ))),
    }
}

/// Fails when a file of `max_file_size` is larger than a body can carry. The manifest's own value is
/// never refused, so that `MAX_BODY_SIZE` can be lowered alone.
pub fn require_file_fits(
    declared: &BTreeMap<String, Variable>,
    values: &Values,
) -> Result<(), BadSetting> {
    const NAME: &str = "max_file_size";
    let of_manifest = declared.get(NAME).and_then(|it| it.default.as_ref());
    if values.get(NAME) == of_manifest {
        return Ok(());
    }
    check_file_fits(|name| values.get(name).cloned()).map_err(|error| BadSetting(error.to_string()))
}

/// The component's own variables: its templates, expanded with `values`.
///
/// # Errors
///
/// When a template is malformed or uses a variable without a value.
pub fn expand_all(
    templates: &BTreeMap<String, String>,
    values: &Values,
) -> Result<HashMap<String, String>, BadSetting> {
    let expand_one = |(name, template): (&String, &String)| {
        let value = expand(template, values)
            .map_err(|reason| BadSetting(format!("variable {name} of the component: {reason}")))?;
        Ok((name.clone(), value))
    };
    templates.iter().map(expand_one).collect()
}

/// Replaces `{{ name }}` as Spin does (`crates/expressions/src/template.rs`).
fn expand(template: &str, values: &Values) -> Result<String, String> {
    let mut expanded = String::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").ok_or("unmatched '{{' in template")?;
        let name = name.trim();
        let value = values.get(name).ok_or(format!("{name:?} has no value"))?;
        expanded.push_str(literal);
        expanded.push_str(value);
        rest = tail;
    }
    Ok(expanded + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> BTreeMap<String, Variable> {
        let size = Variable {
            default: Some("1".to_owned()),
            required: false,
            secret: false,
        };
        let key = Variable {
            default: None,
            required: true,
            secret: true,
        };
        [("max_size".to_owned(), size), ("api_key".to_owned(), key)].into()
    }

    fn max_size(flags: &[(String, String)], environment: &Environment) -> String {
        resolve(&declared(), flags, environment).unwrap()["max_size"].clone()
    }

    #[test]
    fn precedence_is_flag_spin_name_plain_name_default() {
        let flag = [("max_size".to_owned(), "4".to_owned())];
        let both = Environment::from([("SPIN_VARIABLE_MAX_SIZE", "3"), ("MAX_SIZE", "2")]);
        let plain = Environment::from([("MAX_SIZE", "2")]);
        assert_eq!(max_size(&flag, &both), "4");
        assert_eq!(max_size(&[], &both), "3");
        assert_eq!(max_size(&[], &plain), "2");
        assert_eq!(max_size(&[], &Environment::default()), "1");
    }

    #[test]
    fn a_flag_for_an_undeclared_variable_is_refused() {
        let flag = [("max_sise".to_owned(), "4".to_owned())];
        let error = resolve(&declared(), &flag, &Environment::default()).unwrap_err();
        assert!(error.to_string().contains("max_sise"));
    }

    #[test]
    fn a_required_variable_without_a_value_is_named() {
        let error = require(&declared(), &Values::new()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("API_KEY has no value: set it")
        );
    }

    #[test]
    fn a_file_must_fit_into_a_body_unless_the_manifest_says_its_size() {
        let size = Variable {
            default: Some("3000".to_owned()),
            required: false,
            secret: false,
        };
        let declared = [("max_file_size".to_owned(), size)].into();
        let fits = |file: &str| {
            let values = [("max_file_size", file), ("max_body_size", "2000")];
            let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
            require_file_fits(&declared, &values.into())
        };
        assert!(fits("3000").is_ok() && fits("1000").is_ok());
        let error = fits("3001").unwrap_err().to_string();
        assert!(error.starts_with("MAX_FILE_SIZE is 3001"), "{error}");
    }

    #[test]
    fn templates_may_mix_text_and_variables() {
        let values = [
            ("a".to_owned(), "1".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ]
        .into();
        assert_eq!(expand("x{{ a }}y{{b}}z", &values).as_deref(), Ok("x1y2z"));
        assert!(expand("{{ c }}", &values).is_err());
        assert!(expand("{{ a", &values).is_err());
    }
}
