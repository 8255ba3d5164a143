//! What `host-runner build` prints: one line per module with its sizes and hash.

use std::io::Write as _;
use std::path::Path;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::BuiltModule;

/// The table, with paths as seen from the current folder.
pub(super) fn table(modules: &[BuiltModule]) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["module", "bytes", "gzip", "sha256"]);
    for BuiltModule { module, gzip_size } in modules {
        let path = from_here(&module.path).display().to_string();
        table.add_row([
            path,
            module.bytes.len().to_string(),
            gzip_size.to_string(),
            module.sha256.clone(),
        ]);
    }
    for column in table.column_iter_mut().skip(1).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

fn from_here(path: &Path) -> &Path {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}

/// The size after `gzip -9`.
pub(super) fn gzip_size(bytes: &[u8]) -> std::io::Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::ModuleFile;

    #[test]
    fn a_module_has_its_line() {
        let module = ModuleFile {
            name: "authz".to_owned(),
            path: "target/wasm/authz.wasm".into(),
            bytes: vec![0; 1000].into(),
            sha256: "ab12".to_owned(),
        };
        let gzip_size = gzip_size(&module.bytes).unwrap();
        assert!(gzip_size < 100, "{gzip_size}");
        let text = table(&[BuiltModule { module, gzip_size }]);
        let words: Vec<_> = text.lines().last().unwrap().split_whitespace().collect();
        assert_eq!(
            words,
            [
                "target/wasm/authz.wasm",
                "1000",
                &gzip_size.to_string(),
                "ab12"
            ]
        );
    }
}
