package sock

import (
	"encoding/binary"
	"fmt"
)

// The ancillary data of a message to an operation socket of AF_ALG: <linux/if_alg.h>, on Linux
// only. The numbers are written here, not taken from the system, so that the bytes are the same on
// all systems.
const (
	solALG               = 279 // SOL_ALG, <linux/socket.h>
	algSetIV             = 2   // ALG_SET_IV
	algSetOp             = 3   // ALG_SET_OP
	algSetAEADAssoclen   = 4   // ALG_SET_AEAD_ASSOCLEN
	algIVHeader          = 4   // struct af_alg_iv { __u32 ivlen; __u8 iv[]; }
	algDecrypt, algCrypt = 0, 1
)

// AlgOp is the operation on a message: ALG_OP_DECRYPT or ALG_OP_ENCRYPT (and ALG_OP_SIGN,
// ALG_OP_VERIFY in the kernels that had them). Data: a __u32.
type AlgOp uint32

// Control returns the ALG_SET_OP item for sendmsg(2).
func (op AlgOp) Control() Control { return uint32Control(solALG, algSetOp, uint32(op)) }

// AlgOp reads an item of the type ALG_SET_OP.
func (c Control) AlgOp() (AlgOp, bool) {
	v, ok := c.uint32(solALG, algSetOp)
	return AlgOp(v), ok
}

func (op AlgOp) String() string {
	switch op {
	case algDecrypt:
		return "decrypt"
	case algCrypt:
		return "encrypt"
	}
	return fmt.Sprintf("AlgOp(%d)", uint32(op))
}

// AlgIV is the initialization vector of a message. The algorithm determines its length. Data:
// struct af_alg_iv, the length as a __u32 and then the bytes.
type AlgIV []byte

// Control returns the ALG_SET_IV item for sendmsg(2).
func (iv AlgIV) Control() Control {
	data := make([]byte, algIVHeader, algIVHeader+len(iv))
	binary.NativeEndian.PutUint32(data, uint32(len(iv)))
	return Control{solALG, algSetIV, append(data, iv...)}
}

// AlgIV reads an item of the type ALG_SET_IV. The result points into c.Data.
func (c Control) AlgIV() (AlgIV, bool) {
	if !c.is(solALG, algSetIV) || len(c.Data) < algIVHeader {
		return nil, false
	}
	n := binary.NativeEndian.Uint32(c.Data)
	if uint64(n) > uint64(len(c.Data)-algIVHeader) {
		return nil, false
	}
	return AlgIV(c.Data[algIVHeader : algIVHeader+n]), true
}

// AlgAssoclen is the number of bytes at the start of a message that are authenticated and not
// encrypted. Data: a __u32.
type AlgAssoclen uint32

// Control returns the ALG_SET_AEAD_ASSOCLEN item for sendmsg(2).
func (n AlgAssoclen) Control() Control { return uint32Control(solALG, algSetAEADAssoclen, uint32(n)) }

// AlgAssoclen reads an item of the type ALG_SET_AEAD_ASSOCLEN.
func (c Control) AlgAssoclen() (AlgAssoclen, bool) {
	v, ok := c.uint32(solALG, algSetAEADAssoclen)
	return AlgAssoclen(v), ok
}
