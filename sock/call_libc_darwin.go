package sock

import _ "unsafe" // for cgo_import_dynamic

//go:cgo_import_dynamic pollux_recvfrom recvfrom "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_sendto sendto "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_recvmsg recvmsg "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_sendmsg sendmsg "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_connect connect "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_bind bind "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_getsockname getsockname "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_getpeername getpeername "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_getsockopt getsockopt "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_setsockopt setsockopt "/usr/lib/libSystem.B.dylib"
//go:cgo_import_dynamic pollux_accept accept "/usr/lib/libSystem.B.dylib"

// libcAccept is the address of accept(2), set in call_libc_darwin.s.
var libcAccept uintptr
