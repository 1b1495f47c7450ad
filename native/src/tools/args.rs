//! Command lines of the peers: one positional name, then `--key value` pairs.

use std::collections::HashMap;
use std::str::FromStr;

pub struct Args {
    pub name: String,
    options: HashMap<String, String>,
}

impl Args {
    /// Ends the program with a sentence on a command line it cannot read.
    pub fn read(usage: &str) -> Self {
        Self::parse(std::env::args().skip(1)).unwrap_or_else(|problem| {
            eprintln!("{problem}\nusage: {usage}");
            std::process::exit(2)
        })
    }

    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let name = words.next().filter(|word| !word.starts_with('-')).ok_or("a connector name comes first")?;
        let mut options = HashMap::new();
        while let Some(word) = words.next() {
            let key = word.strip_prefix("--").ok_or_else(|| format!("{word} is no option"))?.to_owned();
            let value = words.next().ok_or_else(|| format!("--{key} needs a value"))?;
            options.insert(key, value);
        }
        Ok(Self { name, options })
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    pub fn number<T: FromStr>(&self, key: &str, otherwise: T) -> T {
        match self.options.get(key) {
            None => otherwise,
            Some(text) => text.parse().unwrap_or_else(|_| {
                eprintln!("--{key} {text} is no number of its kind");
                std::process::exit(2)
            }),
        }
    }
}
