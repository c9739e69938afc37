//go:build openbsd && !mips64

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

TEXT pollux_accept4_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_accept4(SB)
GLOBL	·libcAccept4(SB), RODATA, $WORD
DATA	·libcAccept4(SB)/WORD, $pollux_accept4_trampoline<>(SB)
