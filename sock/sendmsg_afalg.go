package sock

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/polluxio/pollux/loop"
)

// errAlgOnly is Python's error for a socket of another family.
var errAlgOnly = errors.New("algset is only supported for AF_ALG")

// SendmsgAfalg is Python's sendmsg_afalg: a Sendmsg to an operation socket of AF_ALG, with the
// operation as ancillary data. Linux only.
//
// op is ALG_OP_ENCRYPT or ALG_OP_DECRYPT. iv is the initialization vector, of the length that the
// algorithm requires; nil sends none. assoclen is the number of bytes at the start of the message
// that "aead" authenticates and does not encrypt; 0 is none, and Python's default. With MSG_MORE in
// flags, Send adds more of the message later. Recv returns the result; see alg.Operation for its
// length.
//
// It returns how many bytes were sent: all of them, unless SO_SNDBUF is smaller. It allocates
// nothing.
//
// Errors: "algset is only supported for AF_ALG"; an *ArgError for an op or an assoclen that is
// negative or beyond a C int; EINVAL for an iv of the wrong length, or for a second message before
// the result of the first one was received; ENOKEY before the key was set; those of Send.
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

// SendmsgAfalg is Socket.SendmsgAfalg. It copies iv before it returns; it does not copy the
// buffers.
func (a Async) SendmsgAfalg(buffers [][]byte, op int, iv []byte, assoclen, flags int) loop.Future[int] {
	if err := a.s.algArguments(op, iv, assoclen); err != nil {
		return loop.SettledOn(&a.s.fd, 0, a.s.fail("sendmsg_afalg", Addr{}, err))
	}
	control := appendAlgControl(nil, op, iv, assoclen)
	return startMsg(a.s, "sendmsg_afalg", loop.Write, buffers, control, nil, flags, Addr{}, func(o *msgOp) (int, error) { return o.n, nil })
}

// maxAlgIV is longer than the iv of any algorithm.
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
		// Python's header counts the padding too; the kernel ignores it.
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
