//! Unpacking tarballs.

use std::fs;
use std::io::{Read, Write as _};

use czo_module_package::{ArchiveLimits, PackageError, unpack_tarball};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};

use crate::examples::Folder;

/// An entry, whatever its path is: the library that writes archives refuses bad ones.
fn entry(tar: &mut Builder<Vec<u8>>, kind: EntryType, path: &[u8], bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path);
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o4777);
    if matches!(kind, EntryType::Symlink | EntryType::Link) {
        header.set_link_name("target").unwrap();
    }
    header.set_cksum();
    tar.append(&header, bytes).unwrap();
}

fn tarball(entries: &[(EntryType, &[u8], &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (kind, path, bytes) in entries {
        entry(&mut tar, *kind, path, bytes);
    }
    gzip(&tar.into_inner().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn unpack(archive: &[u8]) -> (Folder, Result<usize, PackageError>) {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("into")).unwrap();
    let into = folder.path().join("into");
    let result = unpack_tarball(archive, &into, &ArchiveLimits::default());
    (folder, result)
}

#[test]
fn files_are_unpacked_without_the_folder_around_them() {
    let archive = tarball(&[
        (EntryType::Directory, b"package/", b""),
        (EntryType::Regular, b"package/czo-module.json", b"{}"),
        (EntryType::Directory, b"package/dist/", b""),
        (EntryType::Regular, b"package/dist/a.wasm", b"wasm"),
    ]);
    let (folder, result) = unpack(&archive);
    assert_eq!(result.unwrap(), 2);
    let path = folder.path().join("into/dist/a.wasm");
    assert_eq!(fs::read(&path).unwrap(), b"wasm");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
    assert_eq!(mode & 0o7111, 0, "neither executable nor as another user");
}

#[test]
fn a_path_that_leads_elsewhere_is_refused_and_nothing_is_written_there() {
    for path in [
        &b"package/../../evil"[..],
        b"../evil",
        b"/evil",
        b"package//evil",
        b"package/./evil",
        b"package/a\\..\\evil",
        b"package/C:evil",
        b"evil",
        b"package/\xff",
        b"package/a\x1b[2J",
    ] {
        let (folder, result) = unpack(&tarball(&[(EntryType::Regular, path, b"x")]));
        let error = result.unwrap_err();
        assert!(matches!(error, PackageError::Archive { .. }), "{error}");
        assert!(!error.to_string().contains('\x1b'));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path().join("into")).unwrap().count(), 0);
    }
}

#[test]
fn what_is_neither_file_nor_folder_is_refused() {
    for (kind, words) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::Continuous, "neither a file nor a folder"),
        (EntryType::new(b'Z'), "neither a file nor a folder"),
    ] {
        let (_, result) = unpack(&tarball(&[(kind, b"package/a", b"")]));
        let error = result.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_file_is_not_written_twice() {
    let archive = tarball(&[
        (EntryType::Regular, b"package/a", b"1"),
        (EntryType::Regular, b"other/a", b"2"),
    ]);
    let (folder, result) = unpack(&archive);
    assert!(result.unwrap_err().to_string().contains("there twice"));
    assert_eq!(fs::read(folder.path().join("into/a")).unwrap(), b"1");
}

#[test]
fn a_bomb_is_stopped_before_it_is_unpacked() {
    let zeros = vec![0; 64 << 20];
    let archive = tarball(&[(EntryType::Regular, b"package/a", &zeros)]);
    let (folder, result) = unpack(&archive);
    let error = result.unwrap_err();
    assert!(error.to_string().contains("times its size"), "{error}");
    // What was read of the archive at once counts as a whole.
    assert!(fs::metadata(folder.path().join("into/a")).unwrap().len() < 16 << 20);
    let limits = ArchiveLimits { ratio: u64::MAX, bytes: 1 << 20, ..ArchiveLimits::default() };
    let other = Folder::new();
    let error = unpack_tarball(archive.as_slice(), other.path(), &limits).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { most, .. } if most == 1 << 20), "{error}");
}

#[test]
fn a_name_that_never_ends_is_stopped() {
    // A long name comes in an entry of its own, which is read into memory.
    let name = vec![b'a'; 64 << 20];
    let archive = tarball(&[(EntryType::GNULongName, b"././@LongLink", &name)]);
    let (_, result) = unpack(&archive);
    assert!(matches!(result.unwrap_err(), PackageError::TooLarge { .. }));
}

#[test]
fn an_archive_of_too_many_files_is_refused() {
    let names: Vec<_> = (0..20).map(|n| format!("package/{n}")).collect();
    let entries: Vec<_> =
        names.iter().map(|name| (EntryType::Regular, name.as_bytes(), &b""[..])).collect();
    let limits = ArchiveLimits { entries: 10, ..ArchiveLimits::default() };
    let folder = Folder::new();
    let error = unpack_tarball(tarball(&entries).as_slice(), folder.path(), &limits).unwrap_err();
    assert!(matches!(error, PackageError::TooLarge { most: 10, .. }), "{error}");
}

#[test]
fn a_truncated_archive_is_refused() {
    let text: Vec<u8> = (0..50_000_u32).flat_map(u32::to_le_bytes).collect();
    let archive = tarball(&[(EntryType::Regular, b"package/a", &text)]);
    let (_, result) = unpack(&archive[..archive.len() / 2]);
    assert!(matches!(result.unwrap_err(), PackageError::Archive { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_path_is_nothing_is_written_outside(
        path in prop::collection::vec(prop::sample::select(b"./\\:a\0~".to_vec()), 1..40),
        kind in prop::sample::select(vec![EntryType::Regular, EntryType::Directory, EntryType::Symlink]),
    ) {
        let (folder, _) = unpack(&tarball(&[(kind, &path, b"")]));
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_bytes_make_unpacking_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), packed in any::<bool>()) {
        let archive = if packed { gzip(&bytes) } else { bytes };
        let _ = unpack(&archive);
    }

    #[test]
    fn no_change_of_a_byte_makes_unpacking_panic(at in 0_usize..1024, byte in any::<u8>()) {
        let mut tar = Vec::new();
        let archive = tarball(&[(EntryType::Regular, b"package/a", b"text")]);
        flate2::read::GzDecoder::new(archive.as_slice()).read_to_end(&mut tar).unwrap();
        tar[at] = byte;
        let (folder, _) = unpack(&gzip(&tar));
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
