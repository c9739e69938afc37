//go:build darwin || (openbsd && !mips64)

#include "textflag.h"

// Each function has a place to jump to, and a variable with the address of that place.

#ifdef GOARCH_386
#define WORD 4
#else
#ifdef GOARCH_arm
#define WORD 4
#else
#define WORD 8
#endif
#endif

TEXT pollux_recvfrom_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_recvfrom(SB)
GLOBL	·libcRecvfrom(SB), RODATA, $WORD
DATA	·libcRecvfrom(SB)/WORD, $pollux_recvfrom_trampoline<>(SB)

TEXT pollux_sendto_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_sendto(SB)
GLOBL	·libcSendto(SB), RODATA, $WORD
DATA	·libcSendto(SB)/WORD, $pollux_sendto_trampoline<>(SB)

TEXT pollux_recvmsg_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_recvmsg(SB)
GLOBL	·libcRecvmsg(SB), RODATA, $WORD
DATA	·libcRecvmsg(SB)/WORD, $pollux_recvmsg_trampoline<>(SB)

TEXT pollux_sendmsg_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_sendmsg(SB)
GLOBL	·libcSendmsg(SB), RODATA, $WORD
DATA	·libcSendmsg(SB)/WORD, $pollux_sendmsg_trampoline<>(SB)

TEXT pollux_connect_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_connect(SB)
GLOBL	·libcConnect(SB), RODATA, $WORD
DATA	·libcConnect(SB)/WORD, $pollux_connect_trampoline<>(SB)

TEXT pollux_bind_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_bind(SB)
GLOBL	·libcBind(SB), RODATA, $WORD
DATA	·libcBind(SB)/WORD, $pollux_bind_trampoline<>(SB)

TEXT pollux_getsockname_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_getsockname(SB)
GLOBL	·libcGetsockname(SB), RODATA, $WORD
DATA	·libcGetsockname(SB)/WORD, $pollux_getsockname_trampoline<>(SB)

TEXT pollux_getpeername_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_getpeername(SB)
GLOBL	·libcGetpeername(SB), RODATA, $WORD
DATA	·libcGetpeername(SB)/WORD, $pollux_getpeername_trampoline<>(SB)

TEXT pollux_getsockopt_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_getsockopt(SB)
GLOBL	·libcGetsockopt(SB), RODATA, $WORD
DATA	·libcGetsockopt(SB)/WORD, $pollux_getsockopt_trampoline<>(SB)

TEXT pollux_setsockopt_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_setsockopt(SB)
GLOBL	·libcSetsockopt(SB), RODATA, $WORD
DATA	·libcSetsockopt(SB)/WORD, $pollux_setsockopt_trampoline<>(SB)
