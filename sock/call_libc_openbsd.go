//go:build !mips64

package sock

import _ "unsafe" // for cgo_import_dynamic

//go:cgo_import_dynamic pollux_recvfrom recvfrom "libc.so"
//go:cgo_import_dynamic pollux_sendto sendto "libc.so"
//go:cgo_import_dynamic pollux_recvmsg recvmsg "libc.so"
//go:cgo_import_dynamic pollux_sendmsg sendmsg "libc.so"
//go:cgo_import_dynamic pollux_connect connect "libc.so"
//go:cgo_import_dynamic pollux_bind bind "libc.so"
//go:cgo_import_dynamic pollux_getsockname getsockname "libc.so"
//go:cgo_import_dynamic pollux_getpeername getpeername "libc.so"
//go:cgo_import_dynamic pollux_getsockopt getsockopt "libc.so"
//go:cgo_import_dynamic pollux_setsockopt setsockopt "libc.so"
//go:cgo_import_dynamic pollux_accept4 accept4 "libc.so"

// libcAccept4 is the address of accept4(2), set in call_libc_openbsd.s.
var libcAccept4 uintptr
