//! The schema as numbered steps.

/// Numbered steps, one statement each: Spin's host runs only the first of several.
/// A released step is never edited.
const SCHEMA: &str = include_str!("schema.sql");

/// The `user_version` of a database that has all steps.
pub const SCHEMA_VERSION: i64 = 28;
/// The oldest schema that was released.
pub const FIRST_SCHEMA: i64 = 8;

/// The steps in order, each with its number.
pub fn steps() -> impl Iterator<Item = (i64, &'static str)> {
    (1..).zip(
        SCHEMA
            .split("-- v ")
            .skip(1)
            .map(|step| step.trim_start_matches(|c: char| c.is_ascii_digit())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_a_gap_up_to_the_version() {
        let numbers = SCHEMA.lines().filter_map(|line| line.strip_prefix("-- v "));
        let numbers: Vec<i64> = numbers.map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=SCHEMA_VERSION).collect::<Vec<_>>());
        assert_eq!(steps().count() as i64, SCHEMA_VERSION);
    }

    #[test]
    fn a_step_is_a_single_statement() {
        for (number, step) in steps() {
            let code = |line: &str| line.split("--").next().map(str::to_owned);
            let statement: String = step.lines().filter_map(code).collect();
            // What a trigger does is part of the statement that makes it.
            let (statement, _) = statement.split_once("BEGIN").unwrap_or((&statement, ""));
            assert!(!statement.contains(';'), "step {number}");
            let begins = ["CREATE ", "ALTER "].map(|word| statement.matches(word).count());
            assert_eq!(begins.iter().sum::<usize>(), 1, "step {number}");
        }
    }
}
