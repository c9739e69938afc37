// Package alg uses the algorithms of the Linux kernel by sockets of AF_ALG: digests, ciphers,
// authenticated ciphers and random numbers.
//
//	a, err := alg.NewHash("sha256")
//	op, err := a.Operation()
//	_, err = io.Copy(op, file)
//	sum, err := op.Recv(64, 0)
//
//	a, err := alg.NewAEAD("gcm(aes)")
//	err = a.SetKey(key)
//	op, err := a.Operation()
//	sealed, err := op.Encrypt(nonce, header, text)
//
// An Algorithm and an Operation are sockets, with all methods of a sock.Socket: close them. Linux
// only.
package alg

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// An Algorithm is an AF_ALG socket that is bound to an algorithm. It makes any number of operation
// sockets, which do the work. An operation has the key that its algorithm had when it was made.
type Algorithm struct {
	*sock.Socket
	kind    string
	tagRoom int
}

// Numbers of <linux/if_alg.h> and <linux/socket.h>. Package sock has them, on Linux only.
const (
	solALG          = 279 // SOL_ALG
	setKey          = 1   // ALG_SET_KEY
	setAEADAuthsize = 5   // ALG_SET_AEAD_AUTHSIZE
	opDecrypt       = 0   // ALG_OP_DECRYPT
	opEncrypt       = 1   // ALG_OP_ENCRYPT
	msgMore         = 0x8000
)

// maxTag is at least the length in bytes of the tag, or of the digest, of any algorithm.
const maxTag = 64

// NewHash returns a digest, such as "sha256", or "hmac(sha256)" with a key. Errors: those of New.
func NewHash(name string) (*Algorithm, error) { return New("hash", name) }

// NewCipher returns a cipher without authentication, such as "cbc(aes)". Errors: those of New.
func NewCipher(name string) (*Algorithm, error) { return New("skcipher", name) }

// NewAEAD returns an authenticated cipher with associated data, such as "gcm(aes)". Errors: those
// of New.
func NewAEAD(name string) (*Algorithm, error) { return New("aead", name) }

// NewRandom returns a generator of random numbers, such as "stdrng". Errors: those of New.
func NewRandom(name string) (*Algorithm, error) { return New("rng", name) }

// New makes a socket of AF_ALG and binds it. typ is "hash", "skcipher", "aead" or "rng". name is
// that of /proc/crypto, or of a template of the kernel with its arguments, such as "hmac(sha256)".
//
// Errors: a *sock.UnsupportedError if the kernel has no AF_ALG, or no such algorithm; a
// *families.AddrError for a type or a name that is too long; errors.ErrUnsupported on a system
// other than Linux.
func New(typ, name string) (*Algorithm, error) {
	s, err := open(typ, name)
	if err != nil {
		return nil, err
	}
	return &Algorithm{Socket: s, kind: typ, tagRoom: maxTag}, nil
}

// SetKey sets the key (ALG_SET_KEY), whose length the algorithm defines. For "rng" it is the seed,
// which some generators need.
//
// Errors: EINVAL or ENOKEY for a wrong length, ENOPROTOOPT or EOPNOTSUPP for an algorithm without a
// key, EBUSY while operation sockets are open.
func (a *Algorithm) SetKey(key []byte) error { return a.SetsockoptBytes(solALG, setKey, key) }

// SetAuthsize sets the length of the authentication tag of "aead", in bytes
// (ALG_SET_AEAD_AUTHSIZE). The default is the longest tag of the algorithm.
//
// Errors: EINVAL for a length that the algorithm lacks, EBUSY while operation sockets are open.
func (a *Algorithm) SetAuthsize(n int) error {
	// The value of this option is its length.
	err := a.SetsockoptNil(solALG, setAEADAuthsize, n)
	if err == nil {
		a.tagRoom = n
	}
	return err
}

// Operation makes an operation socket, by accept(2). It never waits.
//
// Errors: ENOKEY if the algorithm needs a key and SetKey was not called; EMFILE.
func (a *Algorithm) Operation() (*Operation, error) {
	s, _, err := a.Accept()
	if err != nil {
		return nil, err
	}
	return &Operation{s, a.kind == "aead", a.tagRoom}, nil
}

// An Operation is an operation socket. Send gives the input to the algorithm, Recv returns the
// output. It handles one message at a time, so only one goroutine may use it.
//
// The output of "hash" is the digest; of "skcipher" as many bytes as were sent; of "rng" as many
// bytes as Recv asks for, at most 128. The output of "aead" is the associated data as it was sent,
// then the text, with the tag behind it when encrypting. One call must receive all of it.
//
// Sockets of "hash" and "rng" never block, and the kernel reports no readiness for them. So the
// loop does not call a sock.Handler that watches one: send and receive in the same callback.
type Operation struct {
	*sock.Socket
	aead    bool
	tagRoom int
}

var (
	_ io.Writer     = (*Operation)(nil)
	_ io.ReaderFrom = (*Operation)(nil)
)

// With is sock.Socket.With for an Operation.
func (o *Operation) With(ctx context.Context) *Operation {
	return &Operation{o.Socket.With(ctx), o.aead, o.tagRoom}
}

// In is sock.Socket.In for an Operation.
func (o *Operation) In(t *loop.Task) *Operation {
	return &Operation{o.Socket.In(t), o.aead, o.tagRoom}
}

// Write sends p as a part of the message (MSG_MORE). It returns the bytes sent; fewer than len(p)
// come with an error. A receive ends the message of "hash".
func (o *Operation) Write(p []byte) (int, error) { return o.Sendall(p, msgMore) }

// chunk is how many bytes ReadFrom reads at once: the most that the kernel accepts at once.
const chunk = 64 << 10

// ReadFrom writes all data of r, for io.Copy. It returns the bytes sent.
func (o *Operation) ReadFrom(r io.Reader) (total int64, err error) {
	buf := make([]byte, chunk)
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

// Encrypt sends assoc and text as one message and returns the output: for "skcipher" the encrypted
// text, for "aead" the encrypted text with the tag behind it. assoc is authenticated and not
// encrypted; only "aead" takes it. Some algorithms, such as gcm, demand that an iv is used only
// once with a key.
//
// Errors: a *sock.ArgError for a message that is longer than SO_SNDBUF or SO_RCVBUF allow (208 KiB
// unless set otherwise), which has to be sent in parts; EINVAL for an iv or a text of a length that
// the algorithm refuses. After an error the socket may hold half a message: close it.
func (o *Operation) Encrypt(iv, assoc, text []byte) ([]byte, error) {
	return o.crypt(opEncrypt, iv, assoc, text, o.tagRoom)
}

// Decrypt is the inverse of Encrypt.
//
// Errors: EBADMSG, without output, if the tag does not belong to assoc and sealed; otherwise those
// of Encrypt.
func (o *Operation) Decrypt(iv, assoc, sealed []byte) ([]byte, error) {
	return o.crypt(opDecrypt, iv, assoc, sealed, 0)
}

func (o *Operation) crypt(op int, iv, assoc, in []byte, more int) ([]byte, error) {
	if !o.aead {
		switch {
		case len(assoc) > 0:
			return nil, o.OpError("sendmsg_afalg", sock.Addr{}, &sock.ArgError{Kind: sock.ArgConflict, Arg: "assoc", Value: len(assoc), Rule: "only aead has associated data"})
		case len(in) == 0:
			return nil, nil // the kernel would wait for the rest of a message
		}
		more = 0
	}
	total := len(assoc) + len(in)
	if err := o.hasRoom(total + more); err != nil {
		return nil, err
	}
	n, err := o.SendmsgAfalg([][]byte{assoc, in}, op, iv, len(assoc), 0)
	if err == nil && n < total {
		err = o.OpError("sendmsg_afalg", sock.Addr{}, io.ErrShortWrite)
	}
	if err != nil {
		return nil, err
	}
	// The output begins with the associated data. The buffer is never empty: otherwise Recv would
	// not ask the kernel, and a message without a tag would pass as genuine.
	out := make([]byte, max(total+more, 1))
	n, err = o.RecvInto(out, 0)
	if err != nil {
		return nil, err
	}
	return out[min(len(assoc), n):n], nil
}

// hasRoom returns an error if the kernel cannot handle a message of n bytes at once. The kernel
// counts pages, and allows one at least.
func (o *Operation) hasRoom(n int) error {
	page := os.Getpagesize()
	if n <= page {
		return nil
	}
	for _, option := range []int{sock.SO_SNDBUF, sock.SO_RCVBUF} {
		room, err := o.Getsockopt(sock.SOL_SOCKET, option)
		if err != nil {
			return err
		}
		if room = max(room&^(page-1), page); n > room {
			return o.OpError("sendmsg_afalg", sock.Addr{}, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "message", Value: n, Rule: fmt.Sprintf("at most %d bytes at once", room)})
		}
	}
	return nil
}
