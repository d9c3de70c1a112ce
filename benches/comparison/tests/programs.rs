//! Every program, as a process: it asserts its own result.

use std::process::Command;

macro_rules! programs {
    ($($name:ident)*) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                let status = Command::new(env!(concat!("CARGO_BIN_EXE_", stringify!($name)))).status();
                assert!(status.expect("the program starts").success());
            }
        )*
    };
}

programs! {
    jar_actix jar_channels jar_kameo jar_ours jar_ractor
    observation_kameo observation_ours
    pipeline_kameo pipeline_ours
    pool_actix pool_kameo pool_ours
    pubsub_kameo pubsub_ours
    restart_kameo restart_ours
    stream_actix stream_kameo stream_ours
    tests_kameo tests_ours
}

#[test]
fn each_program_is_run() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin");
    for file in std::fs::read_dir(folder).expect("the folder exists") {
        let path = file.expect("it can be read").path();
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        assert!(PROGRAMS.contains(&name.as_str()), "{name} is not run");
    }
}
