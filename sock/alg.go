package sock

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/polluxio/pollux/loop"
)

// An Alg is an algorithm of the kernel's: an AF_ALG socket that is bound to it. What is done with the algorithm is done by operation
// sockets, of which it gives any number, with the key that it has at that time.
//
//	a, err := sock.NewAlg("hash", "sha256")
//	op, err := a.Operation()
//	_, err = io.Copy(op, file)
//	sum, err := op.Recv(64, 0)
//
//	a, err := sock.NewAlg("aead", "gcm(aes)")
//	err = a.SetKey(key)
//	op, err := a.Operation()
//	sealed, err := op.Encrypt(nonce, header, text)
//
// Both are sockets, which the rest of this package works with: close them. Linux only.
type Alg struct {
	*Socket
	kind    string
	tagRoom int
}

// maxTag is more than the authentication tag, or the digest, of any algorithm has.
const maxTag = 64

// NewAlg makes a socket of AF_ALG and binds it. typ is "hash", "skcipher", "aead" or "rng"; name is the algorithm, as /proc/crypto and the
// kernel's templates name it: "sha256", "hmac(sha256)", "cbc(aes)", "gcm(aes)", "stdrng".
//
// Errors: an *UnsupportedError if the kernel has no AF_ALG, or no such algorithm; an *families.AddrError for a type or a name that is
// too long.
func NewAlg(typ, name string) (*Alg, error) {
	s, err := newAlg(typ, name)
	if err != nil {
		return nil, err
	}
	return &Alg{Socket: s, kind: typ, tagRoom: maxTag}, nil
}

// SetKey sets the key (ALG_SET_KEY), of a length that the algorithm takes; of "rng" it is the seed, without which some give nothing.
//
// Errors: EINVAL or ENOKEY for a bad length, ENOPROTOOPT or EOPNOTSUPP for an algorithm without a key, EBUSY while there are operation sockets.
func (a *Alg) SetKey(key []byte) error { return a.SetsockoptBytes(solALG, algSetKey, key) }

// SetAuthsize sets the length of the authentication tag of "aead", in bytes (ALG_SET_AEAD_AUTHSIZE). Without it that is the longest that
// the algorithm has.
//
// Errors: EINVAL for a length that the algorithm lacks, EBUSY while there are operation sockets.
func (a *Alg) SetAuthsize(n int) error {
	// The option's length is the value; it has no other.
	err := a.SetsockoptNil(solALG, algSetAEADAuthsize, n)
	if err == nil {
		a.tagRoom = n
	}
	return err
}

// Operation accepts an operation socket. It is at once there.
//
// Errors: ENOKEY where a key is needed and was not set; EMFILE.
func (a *Alg) Operation() (*AlgOperation, error) {
	s, _, err := a.Accept()
	if err != nil {
		return nil, err
	}
	return &AlgOperation{s, a.kind == "aead", a.tagRoom}, nil
}

// An AlgOperation is an operation socket: what is sent to it is the input of the algorithm, what is received the output. It is for one
// message at a time, and so for one goroutine.
//
// How much there is to receive: of "hash" the digest, of "skcipher" as much as was sent, of "rng" as many bytes as are asked for, 128
// at the most. Of "aead" the associated data comes first, as it was sent, and then the text with the tag behind it, or without it
// when decrypted; it must be received by one call.
//
// Sockets of "hash" and "rng" never have to wait, and the kernel tells no one that they are ready: a Handler that watches one is not
// called. A callback sends and receives at once.
type AlgOperation struct {
	*Socket
	aead    bool
	tagRoom int
}

var (
	_ io.Writer     = (*AlgOperation)(nil)
	_ io.ReaderFrom = (*AlgOperation)(nil)
)

// With is as Socket.With.
func (o *AlgOperation) With(ctx context.Context) *AlgOperation {
	return &AlgOperation{o.Socket.With(ctx), o.aead, o.tagRoom}
}

// In is as Socket.In.
func (o *AlgOperation) In(t *loop.Task) *AlgOperation {
	return &AlgOperation{o.Socket.In(t), o.aead, o.tagRoom}
}

// Write sends p as a part of the message (MSG_MORE): all of it, or as much as it reports. Receiving the result ends the message, of "hash".
func (o *AlgOperation) Write(p []byte) (int, error) { return o.Sendall(p, msgMore) }

// algChunk is how much ReadFrom reads at once: what the kernel takes in one go.
const algChunk = 64 << 10

// ReadFrom writes all that r has: what io.Copy calls. It reports the bytes that went.
func (o *AlgOperation) ReadFrom(r io.Reader) (total int64, err error) {
	buf := make([]byte, algChunk)
	for {
		n, end := r.Read(buf)
		if n > 0 {
			n, err := o.Write(buf[:n])
			total += int64(n)
			if err != nil {
				return total, err
			}
		}
		if end == io.EOF {
			return total, nil
		}
		if end != nil {
			return total, end
		}
	}
}

// Encrypt makes one message of assoc and text and receives the result: for "aead" the encrypted text with the tag behind it, for
// "skcipher" the encrypted text. assoc is authenticated and not encrypted, and only for "aead". An iv must never be used twice with one key
// where the algorithm says so, as that of gcm does.
//
// Errors: an *ArgError for a message that is longer than SO_SNDBUF and SO_RCVBUF have room for (208 KiB unless set otherwise): send that in parts; EINVAL for an
// iv or a text of a length that the algorithm does not take. After an error the socket may hold half a message: close it.
func (o *AlgOperation) Encrypt(iv, assoc, text []byte) ([]byte, error) {
	return o.crypt(algCrypt, iv, assoc, text, o.tagRoom)
}

// Decrypt is the inverse of Encrypt.
//
// Errors: EBADMSG if the tag is not that of assoc and sealed: nothing is received then; otherwise as Encrypt.
func (o *AlgOperation) Decrypt(iv, assoc, sealed []byte) ([]byte, error) {
	return o.crypt(algDecrypt, iv, assoc, sealed, 0)
}

func (o *AlgOperation) crypt(op int, iv, assoc, in []byte, more int) ([]byte, error) {
	if !o.aead {
		switch {
		case len(assoc) > 0:
			return nil, o.fail("sendmsg_afalg", Addr{}, &ArgError{"assoc", len(assoc), "only aead has associated data"})
		case len(in) == 0:
			return nil, nil // the kernel would take it for the beginning of a message
		}
		more = 0
	}
	total := len(assoc) + len(in)
	if err := o.hasRoom(total + more); err != nil {
		return nil, err
	}
	n, err := o.SendmsgAfalg([][]byte{assoc, in}, op, iv, len(assoc), 0)
	if err == nil && n < total {
		err = o.fail("sendmsg_afalg", Addr{}, io.ErrShortWrite)
	}
	if err != nil {
		return nil, err
	}
	// The kernel gives the associated data back, in front.
	out := make([]byte, max(total+more, 1)) // with no room at all it is not asked, and a message without a tag would be genuine
	n, err = o.RecvInto(out, 0)
	if err != nil {
		return nil, err
	}
	return out[min(len(assoc), n):n], nil
}

// hasRoom says whether the kernel takes and gives a message of n bytes in one go. It counts by pages, and has one at the least.
func (o *AlgOperation) hasRoom(n int) error {
	page := os.Getpagesize()
	if n <= page {
		return nil
	}
	for _, option := range []int{SO_SNDBUF, SO_RCVBUF} {
		room, err := o.Getsockopt(SOL_SOCKET, option)
		if err != nil {
			return err
		}
		if room = max(room&^(page-1), page); n > room {
			return o.fail("sendmsg_afalg", Addr{}, &ArgError{"message", n, fmt.Sprintf("at most %d bytes at once", room)})
		}
	}
	return nil
}
