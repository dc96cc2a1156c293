//! `fga.mod`: which files make up a model. It is YAML; what is read here is the part that such files use, a scalar and a list of scalars.

use super::fault::Place;

/// A value and the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The line of its beginning.
    pub line: usize,
    /// The line of its end.
    pub end_line: usize,
    /// The column of its beginning.
    pub column: usize,
    /// The column behind its end.
    pub end: usize,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModFile {
    /// Always `1.2`.
    pub schema: Placed<String>,
    /// The files, in order.
    pub contents: Placed<Vec<Placed<String>>>,
}

/// A fault of such a file. Lines and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModFileFault {
    /// What is wrong.
    pub message: String,
    /// Where; the beginning if something is missing.
    pub place: Place,
}

/// Reads the file.
///
/// # Errors
/// Every fault.
pub fn read(text: &str) -> Result<ModFile, Vec<ModFileFault>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut faults = Vec::new();
    let schema = schema(&lines, &mut faults);
    let contents = contents(&lines, &mut faults);
    match (schema, contents) {
        (Some(schema), Some(contents)) if faults.is_empty() => Ok(ModFile { schema, contents }),
        _ => Err(faults),
    }
}

/// A scalar: its value, whether it is a string, and how it is written.
struct Scalar {
    text: Placed<String>,
    is_string: bool,
}

impl Scalar {
    fn place(&self) -> Place {
        Place { line: self.text.line, column: self.text.column, end: self.text.end }
    }
}

fn scalar(line: usize, text: &str, from: usize) -> Option<Scalar> {
    let rest: Vec<char> = text.chars().skip(from).collect();
    let skipped = rest.iter().take_while(|c| c.is_whitespace()).count();
    let written: String = rest.iter().skip(skipped).collect();
    let written = written.split(" #").next().unwrap_or_default().trim_end();
    if written.is_empty() || written.starts_with('#') {
        return None;
    }
    let column = from + skipped;
    let quoted = ['"', '\''].into_iter().find_map(|quote| written.strip_prefix(quote)?.strip_suffix(quote));
    let plain = matches!(written, "true" | "false" | "null" | "~") || written.parse::<f64>().is_ok();
    let value = quoted.unwrap_or(written).to_owned();
    let end = column + written.chars().count();
    let text = Placed { value, line, end_line: line, column, end };
    Some(Scalar { text, is_string: quoted.is_some() || !plain })
}

/// The line of a key and the column behind its colon.
fn key(lines: &[&str], name: &str) -> Option<(usize, usize)> {
    let line = lines
        .iter()
        .position(|line| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(':')))?;
    let colon = lines.get(line)?.chars().position(|c| c == ':')?;
    Some((line, colon + 1))
}

const NOWHERE: Place = Place { line: 0, column: 0, end: 0 };

fn schema(lines: &[&str], faults: &mut Vec<ModFileFault>) -> Option<Placed<String>> {
    let found = key(lines, "schema")
        .and_then(|(line, from)| scalar(line, lines.get(line).copied().unwrap_or_default(), from));
    let Some(found) = found else {
        faults.push(ModFileFault { message: "missing schema field".to_owned(), place: NOWHERE });
        return None;
    };
    let value = &found.text.value;
    let message = if !found.is_string {
        format!("unexpected schema type, expected string got value {value}")
    } else if value != "1.2" {
        "unsupported schema version, fga.mod only supported in version `1.2`".to_owned()
    } else {
        return Some(found.text);
    };
    faults.push(ModFileFault { message, place: found.place() });
    None
}

fn contents(lines: &[&str], faults: &mut Vec<ModFileFault>) -> Option<Placed<Vec<Placed<String>>>> {
    let Some((line, from)) = key(lines, "contents") else {
        faults.push(ModFileFault { message: "missing contents field".to_owned(), place: NOWHERE });
        return None;
    };
    if let Some(found) = scalar(line, lines.get(line).copied().unwrap_or_default(), from) {
        let message =
            format!("unexpected contents type, expected list of strings got value {}", found.text.value);
        faults.push(ModFileFault { message, place: found.place() });
        return None;
    }
    let mut all = Placed { value: Vec::new(), line, end_line: line, column: 0, end: 0 };
    let mut begun = false;
    for (at, text) in lines.iter().enumerate().skip(line + 1) {
        let indent = text.chars().take_while(|c| *c == ' ').count();
        let Some(item) = text.trim_start().strip_prefix('-') else {
            if text.trim().is_empty() || text.trim_start().starts_with('#') {
                continue;
            }
            break;
        };
        if !std::mem::replace(&mut begun, true) {
            (all.line, all.column) = (at, indent);
        }
        all.end_line = at + 1;
        if item.is_empty() {
            continue;
        }
        all.value.extend(scalar(at, text, indent + 1).and_then(|found| file(found, faults)));
    }
    Some(all)
}

/// A name of a file that may be opened: no way out of the folder, whatever the spelling.
fn file(found: Scalar, faults: &mut Vec<ModFileFault>) -> Option<Placed<String>> {
    let place = found.place();
    let value = &found.text.value;
    let mut name = value.clone();
    for (code, character) in
        [("%2e", "."), ("%2E", "."), ("%2f", "/"), ("%2F", "/"), ("%5c", "\\"), ("%5C", "\\")]
    {
        name = name.replace(code, character);
    }
    let message = if !found.is_string {
        format!("unexpected contents item type, expected string got value {value}")
    } else if name.contains("../") || name.contains("..\\") || name.starts_with('/') {
        format!("invalid contents item {value}")
    } else if !name.ends_with(".fga") {
        format!("contents items should use fga file extension, got {value}")
    } else {
        return Some(Placed { value: name, ..found.text });
    };
    faults.push(ModFileFault { message, place });
    None
}
