package sock

import (
	"encoding/binary"
	"errors"
	"math"
)

// errAlgOnly is Python's for a socket of another family.
var errAlgOnly = errors.New("algset is only supported for AF_ALG")

// SendmsgAfalg is Python's sendmsg_afalg: Sendmsg to an operation socket of AF_ALG, with what is to be done in front of the message.
//
// op is ALG_OP_ENCRYPT or ALG_OP_DECRYPT. iv is the initialization vector, whose length the algorithm says; nil sends none. assoclen
// is how many bytes at the start of the message are authenticated and not encrypted, for "aead"; 0 is none, and Python's default.
// With MSG_MORE in flags more of the message follows, by Send. The result is received, by Recv; see AlgOperation for its length.
//
// It reports the bytes that went, all of them unless they are more than SO_SNDBUF holds. It allocates nothing.
//
// Errors: "algset is only supported for AF_ALG"; an *ArgError for an op that is negative or beyond a C int, or such an assoclen; EINVAL for an
// iv of the wrong length, or a second message before the result of the first was received; ENOKEY before the key was set; else as Send. Linux only.
func (s *Socket) SendmsgAfalg(buffers [][]byte, op int, iv []byte, assoclen, flags int) (int, error) {
	var room algRoom
	items, err := s.algItems(&room, op, iv, assoclen)
	if err != nil {
		return 0, s.fail("sendmsg_afalg", Addr{}, err)
	}
	return s.Sendmsg(buffers, items, flags, Addr{})
}

// algRoom is room for the ancillary data of a message, on its sender's stack.
type algRoom struct {
	items        [3]Control
	op, assoclen [4]byte
	iv           [algIVHeader + 60]byte
}

// algItems is the ancillary data in Python's order: op, iv, assoclen.
func (s *core) algItems(room *algRoom, op int, iv []byte, assoclen int) ([]Control, error) {
	switch {
	case s.family != algFamily:
		return nil, errAlgOnly
	case op < 0 || op > math.MaxInt32:
		return nil, &ArgError{"op", op, "Invalid or missing argument 'op'"}
	case assoclen < 0 || assoclen > math.MaxInt32:
		return nil, &ArgError{"assoclen", assoclen, "assoclen must be positive"}
	case len(iv) > maxControl/2:
		return nil, &ArgError{"iv", len(iv), "control message too long"}
	}
	binary.NativeEndian.PutUint32(room.op[:], uint32(op))
	items := append(room.items[:0], Control{solALG, algSetOp, room.op[:]})
	if iv != nil {
		// Python's header counts the padding too, which the kernel ignores.
		data := append(room.iv[:algIVHeader], iv...)
		binary.NativeEndian.PutUint32(data, uint32(len(iv)))
		for len(data)%controlAlign != 0 {
			data = append(data, 0)
		}
		items = append(items, Control{solALG, algSetIV, data})
	}
	if assoclen > 0 {
		binary.NativeEndian.PutUint32(room.assoclen[:], uint32(assoclen))
		items = append(items, Control{solALG, algSetAEADAssoclen, room.assoclen[:]})
	}
	return items, nil
}
