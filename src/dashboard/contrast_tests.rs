//! Whether what is read, and what shows the focus, stands out from what is behind it, in both schemes (WCAG 2.2, AA).

const STYLE: &str = include_str!("assets/style.css");

/// Ratios of text, and of what is not text.
const TEXT: f64 = 4.5;
const SHAPE: f64 = 3.0;

/// What is before what, as the stylesheets combine it, and the least ratio.
const PAIRS: [(&str, &[&str], f64); 15] = [
    (
        "text",
        &["ground", "surface", "raised", "good-soft", "danger-soft"],
        TEXT,
    ),
    ("muted", &["ground", "surface", "raised"], TEXT),
    ("accent", &["ground", "surface", "raised"], TEXT),
    (
        "accent-strong",
        &["ground", "surface", "raised", "accent-soft"],
        TEXT,
    ),
    ("warn", &["ground", "surface", "raised"], TEXT),
    ("danger", &["surface", "danger-soft"], TEXT),
    ("on-accent", &["accent", "accent-strong"], TEXT),
    ("on-danger", &["danger", "accent-strong"], TEXT),
    // Words of a line that were added or removed are marked.
    (
        "text",
        &["accent 35% good-soft", "danger 35% danger-soft"],
        TEXT,
    ),
    // The focus, and the edge of a field.
    ("accent", &["ground", "surface", "raised"], SHAPE),
    ("muted", &["ground", "surface"], SHAPE),
    ("danger", &["surface"], SHAPE),
    // Bars.
    ("accent", &["surface"], SHAPE),
    ("warn", &["surface"], SHAPE),
    ("danger", &["surface"], SHAPE),
];

type Colour = [f64; 3];

/// The value of a variable in one part of the stylesheet.
fn variable(scheme: &str, name: &str) -> Colour {
    let (_, value) = scheme.split_once(&format!("--{name}: #")).expect(name);
    let channel = |at: usize| u8::from_str_radix(&value[at..at + 2], 16).expect(name);
    [0, 2, 4].map(|at| f64::from(channel(at)) / 255.0)
}

/// A variable, or `ONE 35% OTHER` for one through which another is seen.
fn colour(scheme: &str, text: &str) -> Colour {
    let Some((name, behind)) = text.split_once(" 35% ") else {
        return variable(scheme, text);
    };
    let (name, behind) = (variable(scheme, name), variable(scheme, behind));
    std::array::from_fn(|at| 0.35 * name[at] + 0.65 * behind[at])
}

fn luminance(colour: Colour) -> f64 {
    let [red, green, blue] = colour.map(|channel| {
        if channel <= 0.040_45 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn ratio(one: Colour, other: Colour) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

#[test]
fn a_ratio_is_that_of_the_standard() {
    assert!((ratio([0.0; 3], [1.0; 3]) - 21.0).abs() < 1e-9);
    let grey = variable("--x: #767676;", "x");
    assert!((ratio(grey, [1.0; 3]) - 4.54).abs() < 0.01);
}

#[test]
fn everything_can_be_read_in_both_schemes() {
    let (light, dark) = STYLE
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    for (scheme, name) in [(light, "light"), (dark, "dark")] {
        for (front, behind, least) in PAIRS {
            for behind in behind {
                let ratio = ratio(colour(scheme, front), colour(scheme, behind));
                assert!(ratio >= least, "{name}: {front} on {behind} is {ratio:.2}");
            }
        }
    }
}
