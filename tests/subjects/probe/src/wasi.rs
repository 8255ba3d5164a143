//! The functions of WASI preview 1 that Envoy has, with Envoy's types.
//! `path_link` and `path_symlink` have one parameter fewer there than in the standard (rule W1).
#![expect(unsafe_code, reason = "imports are what the ABI is made of")]

use crate::call::Kind::{Bytes, Iovec, IovecOut, Memory, Number, Pointer, Room, Wide, Word};
use crate::hostcalls::imports;

imports! { FUNCTIONS from "wasi_snapshot_preview1":
    fd_write(i32, i32, i32, i32) -> i32 = [Number, Iovec, Word];
    fd_read(i32, i32, i32, i32) -> i32 = [Number, IovecOut, Word];
    fd_seek(i32, i64, i32, i32) -> i32 = [Number, Number, Number, Wide];
    fd_close(i32) -> i32 = [Number];
    fd_fdstat_get(i32, i32) -> i32 = [Number, Memory(24)];
    fd_fdstat_set_flags(i32, i32) -> i32 = [Number, Number];
    fd_fdstat_set_rights(i32, i64, i64) -> i32 = [Number, Number, Number];
    environ_get(i32, i32) -> i32 = [Memory(256), Memory(4096)];
    environ_sizes_get(i32, i32) -> i32 = [Word, Word];
    args_get(i32, i32) -> i32 = [Memory(256), Memory(4096)];
    args_sizes_get(i32, i32) -> i32 = [Word, Word];
    clock_time_get(i32, i64, i32) -> i32 = [Number, Number, Wide];
    clock_res_get(i32, i32) -> i32 = [Number, Wide];
    fd_advise(i32, i64, i64, i32) -> i32 = [Number, Number, Number, Number];
    fd_allocate(i32, i64, i64) -> i32 = [Number, Number, Number];
    fd_datasync(i32) -> i32 = [Number];
    fd_filestat_get(i32, i32) -> i32 = [Number, Memory(64)];
    fd_filestat_set_size(i32, i64) -> i32 = [Number, Number];
    fd_filestat_set_times(i32, i64, i64, i32) -> i32 = [Number, Number, Number, Number];
    fd_pread(i32, i32, i32, i64, i32) -> i32 = [Number, IovecOut, Number, Word];
    fd_pwrite(i32, i32, i32, i64, i32) -> i32 = [Number, Iovec, Number, Word];
    fd_readdir(i32, i32, i32, i64, i32) -> i32 = [Number, Room, Number, Word];
    fd_renumber(i32, i32) -> i32 = [Number, Number];
    fd_sync(i32) -> i32 = [Number];
    fd_tell(i32, i32) -> i32 = [Number, Wide];
    fd_prestat_get(i32, i32) -> i32 = [Number, Memory(8)];
    fd_prestat_dir_name(i32, i32, i32) -> i32 = [Number, Room];
    path_create_directory(i32, i32, i32) -> i32 = [Number, Bytes];
    path_filestat_get(i32, i32, i32, i32, i32) -> i32 = [Number, Number, Bytes, Memory(64)];
    path_filestat_set_times(i32, i32, i32, i32, i64, i64, i32) -> i32
        = [Number, Number, Bytes, Number, Number, Number];
    path_link(i32, i32, i32, i32, i32, i32) -> i32 = [Number, Number, Bytes, Number, Number];
    path_open(i32, i32, i32, i32, i32, i64, i64, i32, i32) -> i32
        = [Number, Number, Bytes, Number, Number, Number, Number, Word];
    path_readlink(i32, i32, i32, i32, i32, i32) -> i32 = [Number, Bytes, Room, Word];
    path_remove_directory(i32, i32, i32) -> i32 = [Number, Bytes];
    path_rename(i32, i32, i32, i32, i32, i32) -> i32 = [Number, Bytes, Number, Bytes];
    path_symlink(i32, i32, i32, i32) -> i32 = [Bytes, Number, Number];
    path_unlink_file(i32, i32, i32) -> i32 = [Number, Bytes];
    sock_accept(i32, i32, i32) -> i32 = [Number, Number, Word];
    sock_recv(i32, i32, i32, i32, i32, i32) -> i32 = [Number, IovecOut, Number, Word, Word];
    sock_send(i32, i32, i32, i32, i32) -> i32 = [Number, Iovec, Number, Word];
    sock_shutdown(i32, i32) -> i32 = [Number, Number];
    random_get(i32, i32) -> i32 = [Room];
    sched_yield() -> i32 = [];
    poll_oneoff(i32, i32, i32, i32) -> i32 = [Pointer, Memory(64), Number, Word];
    proc_exit(i32) = [Number];
}
