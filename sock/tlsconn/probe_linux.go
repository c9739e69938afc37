package tlsconn

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"

	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// Only a try shows what the kernel accepts: setting a key returns ENOENT if the module of the
// cipher is missing, and EINVAL if the version is too new. Each pair is tried once, on a connection
// of its own over the loopback interface.

// probes has the results, by version and suite.
var probes struct {
	mu   sync.Mutex
	done map[[2]uint16]error
}

// kernelServes returns the reason why the kernel does not accept a version and a suite, or nil.
func kernelServes(version uint16, suite *tlsrecord.Suite) error {
	probes.mu.Lock()
	defer probes.mu.Unlock()
	of := [2]uint16{version, suite.ID}
	err, ok := probes.done[of]
	if !ok {
		if probes.done == nil {
			probes.done = make(map[[2]uint16]error)
		}
		err = probe(version, suite, bothDirections)
		probes.done[of] = err
	}
	return err
}

// A direction is an option that gives the kernel a key.
type direction struct {
	name   string
	number int
}

var bothDirections = []direction{{"TLS_RX", sock.TLS_RX}, {"TLS_TX", sock.TLS_TX}}

// probe sets keys for directions of a new connection.
func probe(version uint16, suite *tlsrecord.Suite, directions []direction) error {
	a, b, err := loopback()
	if err != nil {
		return fmt.Errorf("no connection to try it on: %w", err)
	}
	defer unix.Close(a)
	defer unix.Close(b)
	if err := unix.SetsockoptString(a, unix.IPPROTO_TCP, unix.TCP_ULP, "tls"); err != nil {
		return os.NewSyscallError("setsockopt TCP_ULP", err)
	}
	info, err := cryptoInfo(version, suite, tlsrecord.Keys{Key: make([]byte, suite.KeySize), IV: make([]byte, suite.IVSize)}).Bytes()
	if err != nil {
		return err
	}
	for _, direction := range directions {
		if err := unix.SetsockoptString(a, sock.SOL_TLS, direction.number, string(info)); err != nil {
			return os.NewSyscallError("setsockopt "+direction.name, err)
		}
	}
	return nil
}

// kernelRekeys reports whether the kernel accepts a second key for sending, for a KeyUpdate of TLS
// 1.3: Linux 6.14. Earlier kernels return EBUSY.
var kernelRekeys = sync.OnceValue(func() bool {
	const suite = tls.TLS_AES_128_GCM_SHA256
	twice := []direction{{"TLS_TX", sock.TLS_TX}, {"TLS_TX", sock.TLS_TX}}
	return probe(tls.VersionTLS13, tlsrecord.SuiteOf(tls.VersionTLS13, suite), twice) == nil
})

// loopback returns two connected TCP sockets. Its calls may block, but do not wait: the listener's
// queue takes the connection.
func loopback() (a, b int, err error) {
	ln, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socket", err)
	}
	defer unix.Close(ln)
	if a, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, -1, os.NewSyscallError("socket", err)
	}
	fail := func(call string, err error) (int, int, error) {
		unix.Close(a)
		return -1, -1, os.NewSyscallError(call, err)
	}
	if err := unix.Bind(ln, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return fail("bind", err)
	}
	if err := unix.Listen(ln, 1); err != nil {
		return fail("listen", err)
	}
	name, err := unix.Getsockname(ln)
	if err != nil {
		return fail("getsockname", err)
	}
	if err := unix.Connect(a, name); err != nil {
		return fail("connect", err)
	}
	if b, _, err = unix.Accept4(ln, unix.SOCK_CLOEXEC); err != nil {
		return fail("accept", err)
	}
	return a, b, nil
}

// KernelCiphers returns the versions and ciphers that the kernel's TLS accepts, in the form "TLS
// 1.3 AES-128-GCM". The first call tries them on connections over the loopback interface.
//
// Error: the reason if it accepts none: errors.ErrUnsupported on a system other than Linux, ENOENT
// without the module tls.
func KernelCiphers() (names []string, err error) {
	for _, c := range []struct {
		version, suite uint16
		name           string
	}{
		{tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256, "AES-128-GCM"},
		{tls.VersionTLS13, tls.TLS_AES_256_GCM_SHA384, "AES-256-GCM"},
		{tls.VersionTLS13, tls.TLS_CHACHA20_POLY1305_SHA256, "ChaCha20-Poly1305"},
		{tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "AES-128-GCM"},
		{tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "AES-256-GCM"},
		{tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ChaCha20-Poly1305"},
	} {
		failed := kernelServes(c.version, tlsrecord.SuiteOf(c.version, c.suite))
		if failed == nil {
			names = append(names, tls.VersionName(c.version)+" "+c.name)
		} else if err == nil {
			err = failed
		}
	}
	if len(names) > 0 {
		err = nil
	}
	return names, err
}
