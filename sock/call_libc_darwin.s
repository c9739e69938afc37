//go:build darwin

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

TEXT pollux_accept_trampoline<>(SB), NOSPLIT, $0-0
	JMP	pollux_accept(SB)
GLOBL	·libcAccept(SB), RODATA, $WORD
DATA	·libcAccept(SB)/WORD, $pollux_accept_trampoline<>(SB)
