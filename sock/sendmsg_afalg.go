package sock

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/polluxio/pollux/loop"
)

// errAlgOnly is Python's for a socket of another family.
var errAlgOnly = errors.New("algset is only supported for AF_ALG")

// SendmsgAfalg is Python's sendmsg_afalg: Sendmsg to an operation socket of AF_ALG, with what is to
// be done in front of the message.
//
// op is ALG_OP_ENCRYPT or ALG_OP_DECRYPT. iv is the initialization vector, whose length the
// algorithm says; nil sends none. assoclen is how many bytes at the start of the message are
// authenticated and not encrypted, for "aead"; 0 is none, and Python's default. With MSG_MORE in
// flags more of the message follows, by Send. The result is received, by Recv; see alg.Operation
// for its length.
//
// It reports the bytes that went, all of them unless they are more than SO_SNDBUF holds. It
// allocates nothing.
//
// Errors: "algset is only supported for AF_ALG"; an *ArgError for an op that is negative or beyond
// a C int, or such an assoclen; EINVAL for an iv of the wrong length, or a second message before
// the result of the first was received; ENOKEY before the key was set; else as Send. Linux only.
func (s *Socket) SendmsgAfalg(buffers [][]byte, op int, iv []byte, assoclen, flags int) (n int, err error) {
	if err := s.algArguments(op, iv, assoclen); err != nil {
		return 0, s.fail("sendmsg_afalg", Addr{}, err)
	}
	o, err := s.newMsgOp(loop.Write, buffers, flags)
	if err == nil {
		err = countBuffers(buffers)
	}
	if err != nil {
		return 0, s.fail("sendmsg_afalg", Addr{}, err)
	}
	defer o.done()
	o.room = appendAlgControl(o.room[:0], op, iv, assoclen)
	o.control = o.room
	err = s.runMsg(o)
	return o.n, s.fail("sendmsg_afalg", Addr{}, err)
}

// SendmsgAfalg is Socket.SendmsgAfalg. The iv is copied before it returns; the buffers are not.
func (a Async) SendmsgAfalg(buffers [][]byte, op int, iv []byte, assoclen, flags int) loop.Future[int] {
	if err := a.s.algArguments(op, iv, assoclen); err != nil {
		return loop.SettledOn(&a.s.fd, 0, a.s.fail("sendmsg_afalg", Addr{}, err))
	}
	control := appendAlgControl(nil, op, iv, assoclen)
	return startMsg(a.s, "sendmsg_afalg", loop.Write, buffers, control, nil, flags, Addr{}, func(o *msgOp) (int, error) { return o.n, nil })
}

// maxAlgIV is more than any algorithm has.
const maxAlgIV = 1024

func (s *core) algArguments(op int, iv []byte, assoclen int) error {
	switch {
	case !s.has(quirkAlgorithm):
		return errAlgOnly
	case op < 0 || op > math.MaxInt32:
		return &ArgError{ArgUnknown, "op", op, "Invalid or missing argument 'op'"}
	case assoclen < 0 || assoclen > math.MaxInt32:
		return &ArgError{ArgRange, "assoclen", assoclen, "assoclen must be positive"}
	case len(iv) > maxAlgIV:
		return &ArgError{ArgTooLong, "iv", len(iv), "control message too long"}
	}
	return nil
}

// appendAlgControl appends the ancillary data in Python's order: op, iv, assoclen.
func appendAlgControl(b []byte, op int, iv []byte, assoclen int) []byte {
	word := func(typ, v int) {
		var data [4]byte
		binary.NativeEndian.PutUint32(data[:], uint32(v))
		b, _ = AppendControl(b, Control{solALG, typ, data[:]})
	}
	word(algSetOp, op)
	if iv != nil {
		// Python's header counts the padding too, which the kernel ignores.
		var data [algIVHeader + maxAlgIV]byte
		binary.NativeEndian.PutUint32(data[:], uint32(len(iv)))
		copy(data[algIVHeader:], iv)
		b, _ = AppendControl(b, Control{solALG, algSetIV, data[:alignControl(algIVHeader+len(iv))]})
	}
	if assoclen > 0 {
		word(algSetAEADAssoclen, assoclen)
	}
	return b
}
