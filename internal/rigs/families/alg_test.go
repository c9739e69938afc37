//go:build linux

package families_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/alg"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// algorithm is one of the kernel's, which goes with the test.
func algorithm(t testing.TB, typ, name string) *alg.Algorithm {
	t.Helper()
	a, err := alg.New(typ, name)
	if typ == "rng" {
		lacksFrom(t, 7, typ+" "+name, err)
	}
	lacks(t, typ+" "+name, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// keyed is algorithm with a key.
func keyed(t testing.TB, typ, name string, key []byte) *alg.Algorithm {
	t.Helper()
	a := algorithm(t, typ, name)
	must(t, a.SetKey(key))
	return a
}

func operation(t testing.TB, a *alg.Algorithm) *alg.Operation {
	t.Helper()
	o, err := a.Operation()
	must(t, err)
	t.Cleanup(func() { o.Close() })
	return o
}

// itself makes pairs whose two are one socket: what is sent to it comes out of it again, as
// something else.
func itself(a *alg.Algorithm) func(*testing.T) (_, _ *sock.Socket) {
	return func(t *testing.T) (_, _ *sock.Socket) {
		t.Helper()
		s := operation(t, a).Socket
		return s, s
	}
}

// onLoop sends and receives in a callback, of a socket that never waits and so is never told ready.
func onLoop(t *testing.T, s *sock.Socket, sent, want []byte) {
	t.Helper()
	socktest.Check(t)
	r, err := loop.Default()
	must(t, err)
	must(t, s.SetBlocking(false))
	var got []byte
	done := make(chan error, 1)
	r.Next().Post(func() {
		_, err := s.Send(sent, 0)
		if err == nil {
			got, err = s.Recv(len(want), 0)
		}
		done <- err
	})
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(socktest.Patience):
		t.Fatalf("not called within %v", socktest.Patience)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func sum(h hash.Hash, p []byte) []byte {
	h.Write(p)
	return h.Sum(nil)
}

// Items 67, 120: bind, accept without an address, send and receive.
func TestAlgHash(t *testing.T) {
	key := []byte("a key of any length")
	for _, tt := range []struct {
		name string
		key  []byte
		hash func() hash.Hash
	}{
		{"sha256", nil, sha256.New},
		{"sha512", nil, sha512.New},
		{"md5", nil, md5.New},
		{"hmac(sha256)", key, func() hash.Hash { return hmac.New(sha256.New, key) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := algorithm(t, "hash", tt.name)
			if tt.key != nil {
				must(t, a.SetKey(tt.key))
			}
			// Not everyWay: nothing ever waits, for the kernel has a digest of nothing too.
			x := exchange{
				Arrives: func(sent []byte) []byte { return sum(tt.hash(), sent) },
				Sender: func(t *testing.T, _ *sock.Socket, from sock.Addr) {
					if !from.IsZero() {
						t.Errorf("from %v, want the zero Addr", from)
					}
				},
			}.with(itself(a))
			t.Run("delivers", func(t *testing.T) { socktest.EachWaiter(t, x.delivers) })
			t.Run("recvmsg", x.recvmsg)
			t.Run("callback", func(t *testing.T) { onLoop(t, operation(t, a).Socket, []byte("text"), sum(tt.hash(), []byte("text"))) })

			for _, n := range []int{0, 1, 1000, 300_000} {
				p := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
				o := operation(t, a)
				got, err := io.Copy(o, bytes.NewReader(p))
				must(t, err)
				digest, err := o.Recv(64, 0)
				must(t, err)
				if want := sum(tt.hash(), p); got != int64(n) || !bytes.Equal(digest, want) {
					t.Errorf("%d bytes of %d: %x, want %x", got, n, digest, want)
				}
			}
		})
	}
}

// What a user would write to get the digest of a file, on a file, with a context and in parts.
func TestAlgHashFile(t *testing.T) {
	socktest.Check(t)
	contents := bytes.Repeat([]byte("eventful "), 100_000)
	file, err := os.Open(scratch(t, contents))
	must(t, err)
	defer file.Close()

	a := algorithm(t, "hash", "sha256")
	ctx, cancel := context.WithTimeout(context.Background(), socktest.Patience)
	defer cancel()
	op := operation(t, a).With(ctx)
	_, err = io.Copy(op, file)
	must(t, err)
	digest, err := op.Recv(64, 0)
	must(t, err)
	if want := sha256.Sum256(contents); !bytes.Equal(digest, want[:]) {
		t.Errorf("%x, want %x", digest, want)
	}

	// A digest is the whole of what came since the last one.
	for _, part := range []string{"one ", "two ", "three"} {
		flags := sock.MSG_MORE
		if part == "three" {
			flags = 0
		}
		_, err := op.Send([]byte(part), flags)
		must(t, err)
	}
	digest, err = op.Recv(64, 0)
	must(t, err)
	if want := sha256.Sum256([]byte("one two three")); !bytes.Equal(digest, want[:]) {
		t.Errorf("in parts: %x, want %x", digest, want)
	}
	if _, _, flags, _, err := op.Recvmsg(5, 0, 0); err != nil || flags&sock.MSG_TRUNC == 0 {
		t.Errorf("5 bytes of a digest: flags %#x, %v; want MSG_TRUNC", flags, err)
	}
}

// Item 67: the address of an accepted socket is none. Item 21: an operation socket has no name, and
// is taken over nevertheless.
func TestAlgAccept(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a := algorithm(t, "hash", "sha256")
		s, from, err := w.On(a.Socket).Accept()
		must(t, err)
		defer s.Close()
		if !from.IsZero() {
			t.Errorf("from %v, want the zero Addr", from)
		}
		if _, err := s.Getsockname(); err == nil {
			t.Error("it has a name")
		}
		fd := s.Detach()
		if _, err := sock.Adopt(fd, -1, -1, -1); err == nil {
			t.Error("Adopt found a family")
		}
		taken, err := sock.Adopt(fd, sock.AF_ALG, -1, -1)
		must(t, err)
		defer taken.Close()
		if taken.Type() != sock.SOCK_SEQPACKET {
			t.Errorf("type %d", taken.Type())
		}
		_, err = w.On(taken).Send([]byte("text"), 0)
		must(t, err)
		got, err := w.On(taken).Recv(32, 0)
		must(t, err)
		if want := sha256.Sum256([]byte("text")); !bytes.Equal(got, want[:]) {
			t.Errorf("%x, want %x", got, want)
		}
	})
}

// Item 120, with nothing but what Python has.
func TestAlgAsInPython(t *testing.T) {
	socktest.Check(t)
	key, nonce, header, text := make([]byte, 16), make([]byte, 12), []byte("header"), []byte("some text")
	algo := need(t, sock.AF_ALG, sock.SOCK_SEQPACKET, 0)
	lacks(t, "gcm(aes)", algo.Bind(families.ALG("aead", "gcm(aes)", 0, 0)))
	must(t, algo.SetsockoptBytes(sock.SOL_ALG, sock.ALG_SET_KEY, key))
	must(t, algo.SetsockoptNil(sock.SOL_ALG, sock.ALG_SET_AEAD_AUTHSIZE, 12))
	op, _, err := algo.Accept()
	must(t, err)
	defer op.Close()

	block, err := aes.NewCipher(key)
	must(t, err)
	gcm, err := cipher.NewGCMWithTagSize(block, 12)
	must(t, err)
	want := gcm.Seal(nil, nonce, text, header)

	n, err := op.SendmsgAfalg([][]byte{header, text}, sock.ALG_OP_ENCRYPT, nonce, len(header), 0)
	must(t, err)
	if n != len(header)+len(text) {
		t.Errorf("sent %d bytes", n)
	}
	got, err := op.Recv(len(header)+len(text)+12, 0)
	must(t, err)
	if !bytes.Equal(got, append(bytes.Clone(header), want...)) {
		t.Errorf("%x, want %x behind the header", got, want)
	}
	_, err = op.SendmsgAfalg([][]byte{header, want}, sock.ALG_OP_DECRYPT, nonce, len(header), 0)
	must(t, err)
	got, err = op.Recv(len(header)+len(text), 0)
	must(t, err)
	if !bytes.Equal(got, append(bytes.Clone(header), text...)) {
		t.Errorf("%q, want the header and %q", got, text)
	}
}

func TestAlgSkcipher(t *testing.T) {
	for _, tt := range []struct {
		name             string
		encrypt, decrypt func(cipher.Block, []byte) cipher.BlockMode
		key              int
	}{
		{"cbc(aes)", cipher.NewCBCEncrypter, cipher.NewCBCDecrypter, 16},
		{"cbc(aes)", cipher.NewCBCEncrypter, cipher.NewCBCDecrypter, 32},
	} {
		t.Run(fmt.Sprint(tt.name, tt.key), func(t *testing.T) {
			key, iv := bytes.Repeat([]byte{1}, tt.key), bytes.Repeat([]byte{2}, aes.BlockSize)
			block, err := aes.NewCipher(key)
			must(t, err)
			a := keyed(t, "skcipher", tt.name, key)
			encrypted := func(p []byte) []byte {
				out := make([]byte, len(p))
				tt.encrypt(block, iv).CryptBlocks(out, p)
				return out
			}
			everyWay(t, itself(a), exchange{
				Message: func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "sixteen bytes %02d", i), i+1) },
				Arrives: encrypted,
				Send: func(_ socktest.Operations, s *sock.Socket, p []byte) error {
					_, err := s.SendmsgAfalg([][]byte{p}, sock.ALG_OP_ENCRYPT, iv, 0, 0)
					return err
				},
			})

			socktest.Check(t)
			o := operation(t, a)
			for _, n := range []int{0, 16, 4096, 4112, 160_000} {
				p := bytes.Repeat([]byte("sixteen bytes ok"), n/16)
				got, err := o.Encrypt(iv, nil, p)
				must(t, err)
				if !bytes.Equal(got, encrypted(p)) {
					t.Errorf("%d bytes are encrypted otherwise than by crypto/cipher", n)
				}
				got, err = o.Decrypt(iv, nil, got)
				must(t, err)
				if !bytes.Equal(got, p) {
					t.Errorf("%d bytes are decrypted otherwise than they were", n)
				}
			}
			if _, err := o.Encrypt(iv, []byte("header"), make([]byte, 16)); !isArgError(err) {
				t.Errorf("associated data: %v, want an *ArgError", err)
			}
			if _, err := o.Encrypt(iv, nil, make([]byte, 1<<20)); !isArgError(err) {
				t.Errorf("1 MiB at once: %v, want an *ArgError", err)
			}
			if _, err := o.Encrypt(iv[1:], nil, make([]byte, 16)); !errors.Is(err, unix.EINVAL) {
				t.Errorf("an iv that is too short: %v, want EINVAL", err)
			}
			if err := a.SetKey(make([]byte, 5)); !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EINVAL) {
				t.Errorf("a key of 5 bytes: %v", err)
			}
		})
	}
}

func isArgError(err error) bool {
	var bad *sock.ArgError
	return errors.As(err, &bad)
}

// A long message goes in parts: MSG_MORE, and what is there received meanwhile.
func TestAlgInParts(t *testing.T) {
	socktest.Check(t)
	key, iv := bytes.Repeat([]byte{3}, 16), bytes.Repeat([]byte{4}, 16)
	o := operation(t, keyed(t, "skcipher", "ctr(aes)", key))
	const parts, size = 20, 32 << 10
	text := bytes.Repeat([]byte("sixteen bytes ok"), parts*size/16)
	var got []byte
	for i := range parts {
		part, flags := [][]byte{text[i*size : (i+1)*size]}, sock.MSG_MORE
		if i == parts-1 {
			flags = 0
		}
		var n int
		var err error
		if i == 0 {
			n, err = o.SendmsgAfalg(part, sock.ALG_OP_ENCRYPT, iv, 0, flags)
		} else {
			n, err = o.Sendmsg(part, nil, flags, sock.Addr{})
		}
		must(t, err)
		if n != size {
			t.Fatalf("sent %d of %d bytes", n, size)
		}
		p, err := o.Recv(size, 0)
		must(t, err)
		got = append(got, p...)
	}
	block, err := aes.NewCipher(key)
	must(t, err)
	want := make([]byte, len(text))
	cipher.NewCTR(block, iv).XORKeyStream(want, text)
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes are encrypted otherwise than by crypto/cipher", len(text))
	}
}

func TestAlgAEAD(t *testing.T) {
	key, nonce, header := bytes.Repeat([]byte{3}, 16), bytes.Repeat([]byte{4}, 12), []byte("header")
	block, err := aes.NewCipher(key)
	must(t, err)
	gcm, err := cipher.NewGCM(block)
	must(t, err)
	a := keyed(t, "aead", "gcm(aes)", key)
	must(t, a.SetAuthsize(gcm.Overhead()))
	everyWay(t, itself(a), exchange{
		Arrives: func(sent []byte) []byte { return gcm.Seal(bytes.Clone(header), nonce, sent, header) },
		Send: func(_ socktest.Operations, s *sock.Socket, p []byte) error {
			_, err := s.SendmsgAfalg([][]byte{header, p}, sock.ALG_OP_ENCRYPT, nonce, len(header), 0)
			return err
		},
	})

	socktest.Check(t)
	o := operation(t, a)
	other := operation(t, keyed(t, "aead", "gcm(aes)", key)) // the length of whose tag was not set
	for _, n := range []int{0, 1, 15, 16, 1000, 4096, 160_000} {
		for _, header := range [][]byte{nil, header, bytes.Repeat([]byte("long"), 1000)} {
			text := bytes.Repeat([]byte("0123456789"), n/10+1)[:n]
			want := gcm.Seal(nil, nonce, text, header)
			for _, o := range []*alg.Operation{o, other} {
				got, err := o.Encrypt(nonce, header, text)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("Encrypt of %d bytes behind %d: %s, %v; want %s", n, len(header), head(got), err, head(want))
				}
				if got, err = o.Decrypt(nonce, header, want); err != nil || !bytes.Equal(got, text) {
					t.Fatalf("Decrypt to %d bytes behind %d: %s, %v", n, len(header), head(got), err)
				}
			}
		}
	}

	forged := gcm.Seal(nil, nonce, []byte("text"), header)
	forged[0]++
	if got, err := o.Decrypt(nonce, header, forged); !errors.Is(err, unix.EBADMSG) || got != nil {
		t.Errorf("a forged message: %q, %v; want EBADMSG", got, err)
	}
	// Nor is nothing at all a message.
	if got, err := operation(t, a).Decrypt(nonce, nil, nil); err == nil || got != nil {
		t.Errorf("a message without a tag: %q, %v; want an error", got, err)
	}
	// The socket is good for more.
	if got, err := o.Decrypt(nonce, header, gcm.Seal(nil, nonce, []byte("text"), header)); err != nil || string(got) != "text" {
		t.Errorf("after a forged message: %q, %v", got, err)
	}
}

func TestAlgRNG(t *testing.T) {
	// No generator answers before it has a seed: 48 bytes is what ansi_cprng wants, and others take
	// any length.
	a := keyed(t, "rng", "stdrng", bytes.Repeat([]byte{5}, 48))
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		o := operation(t, a).Socket
		one, err := w.On(o).Recv(32, 0)
		must(t, err)
		two, err := w.On(o).Recv(32, 0)
		must(t, err)
		three, items, flags, from, err := w.On(o).Recvmsg(32, 64, 0)
		must(t, err)
		if len(one) != 32 || len(two) != 32 || bytes.Equal(one, two) || len(three) != 32 || bytes.Equal(two, three) {
			t.Errorf("%x, %x and %x", one, two, three)
		}
		if len(items) != 0 || flags != 0 || !from.IsZero() {
			t.Errorf("beside it: %v, flags %#x, from %v", items, flags, from)
		}
	})
	t.Run("callback", func(t *testing.T) { // it is never told ready, and answers at once
		o := operation(t, a).Socket
		must(t, o.SetTimeout(0))
		r, err := loop.Default()
		must(t, err)
		got := make(chan error, 1)
		must(t, r.Next().Post(func() {
			p, err := o.Recv(32, 0)
			if err == nil && len(p) != 32 {
				err = fmt.Errorf("%d bytes", len(p))
			}
			got <- err
		}))
		must(t, <-got)
	})
}

// Items 119, 120: SendmsgAfalg in the ways to wait, with a full socket too.
func TestSendmsgAfalg(t *testing.T) {
	iv := make([]byte, 16)
	a := keyed(t, "skcipher", "cbc(aes)", make([]byte, 16))
	text := bytes.Repeat([]byte("sixteen bytes ok"), 4)
	o := operation(t, a)
	want, err := o.Encrypt(iv, nil, text)
	must(t, err)
	check := func(t *testing.T, s *sock.Socket, n int, err error) {
		t.Helper()
		must(t, err)
		got, err := s.Recv(len(text), 0)
		must(t, err)
		if n != len(text) || !bytes.Equal(got, want) {
			t.Errorf("sent %d bytes, received %x", n, got)
		}
	}
	for _, way := range []string{"goroutine", "context", "task", "task and context"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			s := operation(t, a).Socket
			var n int
			err := within(t, way, s, func(s *sock.Socket) (err error) {
				n, err = s.SendmsgAfalg([][]byte{text[:5], text[5:]}, sock.ALG_OP_ENCRYPT, iv, 0, 0)
				return err
			})
			check(t, s, n, err)
		})
	}

	t.Run("future", func(t *testing.T) {
		socktest.Check(t)
		s := operation(t, a).Socket
		n, err := s.Async().SendmsgAfalg([][]byte{text[:5], text[5:]}, sock.ALG_OP_ENCRYPT, iv, 0, 0).Wait(t.Context())
		check(t, s, n, err)
	})

	// Nothing can be sent before the result of the last message has been received, when the socket
	// is full.
	fill := func(t *testing.T) *sock.Socket {
		s := operation(t, a).Socket
		must(t, s.SetBlocking(false))
		_, err := s.SendmsgAfalg([][]byte{make([]byte, 1<<16)}, sock.ALG_OP_ENCRYPT, iv, 0, sock.MSG_MORE)
		for err == nil {
			_, err = s.Send(make([]byte, 1<<16), sock.MSG_MORE)
		}
		if !errors.Is(err, sock.ErrWouldBlock) {
			t.Fatal(err)
		}
		return s
	}
	t.Run("full", func(t *testing.T) {
		socktest.Check(t)
		s := fill(t)
		if _, err := s.SendmsgAfalg([][]byte{text}, sock.ALG_OP_ENCRYPT, nil, 0, 0); !errors.Is(err, sock.ErrWouldBlock) {
			t.Errorf("%v, want ErrWouldBlock", err)
		}
		must(t, s.SetTimeout(30*time.Millisecond))
		if _, err := s.SendmsgAfalg([][]byte{text}, sock.ALG_OP_ENCRYPT, nil, 0, 0); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%v, want os.ErrDeadlineExceeded", err)
		}
		must(t, s.SetTimeout(sock.Forever))
		ctx, cancel := context.WithCancel(context.Background())
		call := socktest.Start(func() error {
			_, err := s.With(ctx).Send(text, 0)
			return err
		})
		socktest.AwaitWaiting(t, s)
		cancel()
		if err := call.Wait(t); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
		future := s.Async().SendmsgAfalg([][]byte{text}, sock.ALG_OP_ENCRYPT, nil, 0, 0)
		if future.Settled() {
			t.Error("a full socket took a message")
		}
		_, err := s.Recv(1<<16, 0) // makes room
		must(t, err)
		call = socktest.Start(func() error {
			_, err := future.Wait(t.Context())
			return err
		})
		must(t, call.Wait(t))
	})
}

// Each constructor binds to an algorithm of its own kind.
func TestAlgConstructors(t *testing.T) {
	for name, open := range map[string]func(string) (*alg.Algorithm, error){
		"sha256": alg.NewHash, "cbc(aes)": alg.NewCipher, "gcm(aes)": alg.NewAEAD, "stdrng": alg.NewRandom,
	} {
		a, err := open(name)
		if name == "stdrng" {
			lacksFrom(t, 7, name, err)
		}
		lacks(t, name, err)
		must(t, a.Close())
	}
}

// What the kernel does not have says what it is that is missing.
func TestAlgLacks(t *testing.T) {
	socktest.Check(t)
	need(t, sock.AF_ALG, sock.SOCK_SEQPACKET, 0).Close()
	_, err := alg.New("hash", "no such thing")
	if !errors.Is(err, errors.ErrUnsupported) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("%v, want errors.ErrUnsupported and ENOENT", err)
	}
	t.Log(err)
	if _, err := alg.New("a type that is too long", "sha256"); !errors.Is(err, families.ErrALGType) {
		t.Errorf("%v, want ErrALGType", err)
	}
	a := algorithm(t, "hash", "sha256")
	if err := a.SetKey([]byte("key")); err == nil {
		t.Error("sha256 took a key")
	}
	mac := algorithm(t, "hash", "hmac(sha256)")
	o := operation(t, mac)
	if _, err := o.Send([]byte("text"), 0); !errors.Is(err, unix.ENOKEY) {
		t.Errorf("without a key: %v, want ENOKEY", err)
	}
}

// libkcapi's programs, in both directions. They ask the kernel about an algorithm by NETLINK_CRYPTO
// (module crypto_user).
func TestAlgPrograms(t *testing.T) {
	socktest.Check(t)
	text := bytes.Repeat([]byte("not written by us "), 8_000)
	in := scratch(t, text)

	t.Run("kcapi-dgst", func(t *testing.T) {
		o := operation(t, algorithm(t, "hash", "sha256"))
		_, err := io.Copy(o, bytes.NewReader(text))
		must(t, err)
		digest, err := o.Recv(64, 0)
		must(t, err)
		if got := output(t, "", "kcapi-dgst", "-q", "-c", "sha256", "--hex", "-i", in); !strings.Contains(got, hex.EncodeToString(digest)) {
			t.Errorf("it says %q, we %x", got, digest)
		}
	})

	t.Run("kcapi-enc", func(t *testing.T) {
		key, iv := strings.Repeat("k", 32), bytes.Repeat([]byte{7}, 16)
		// The key is what it reads from the descriptor 0. It pads as openssl does.
		enc := func(contents []byte, arguments ...string) []byte {
			t.Helper()
			out := scratch(t, nil)
			arguments = append([]string{"-q", "-c", "cbc(aes)", "--iv", hex.EncodeToString(iv), "--keyfd", "0", "-i", scratch(t, contents), "-o", out}, arguments...)
			output(t, key, "kcapi-enc", arguments...)
			got, err := os.ReadFile(out)
			must(t, err)
			return got
		}
		o := operation(t, keyed(t, "skcipher", "cbc(aes)", []byte(key)))
		sealed := enc(text, "-e")
		got, err := o.Decrypt(iv, nil, sealed)
		must(t, err)
		if !bytes.HasPrefix(got, text) || len(got) > len(text)+16 {
			t.Errorf("what it encrypted is %d bytes that we decrypt to %s", len(sealed), head(got))
		}
		ours, err := o.Encrypt(iv, nil, got) // with its padding
		must(t, err)
		if back := enc(ours, "-d"); !bytes.Equal(back, text) {
			t.Errorf("it decrypts ours to %d bytes %s", len(back), head(back))
		}
	})

	t.Run("kcapi-rng", func(t *testing.T) {
		algorithm(t, "rng", "stdrng").Close()
		if got := output(t, "", "kcapi-rng", "-b", "40", "--hex"); len(strings.TrimSpace(got)) < 80 {
			t.Errorf("it says %q", got)
		}
	})
}
