// Families prints which kinds of sockets this host has, and why it lacks each of the others. Send
// its output with a bug report.
//
//	go run ./examples/families
//
// Needs: any system.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tlsconn"
)

func main() {
	if err := report(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func report(w io.Writer) error {
	fmt.Fprintf(w, "system   %s/%s, %s\n", runtime.GOOS, runtime.GOARCH, kernel())
	fmt.Fprintf(w, "go       %s\n", runtime.Version())
	fmt.Fprintf(w, "pollux   %s\n\n", version())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAMILY\tPROTOCOL\tHERE\tWHY NOT, OR WHAT ELSE")
	for _, k := range sock.KnownSockets() {
		s, err := k.New()
		here, note := "yes", ""
		if err != nil {
			here, note = "no", reason(k, err)
		} else {
			note = more(k, s)
			s.Close()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Family, k.Proto, here, note)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nTLS in the kernel: %s\n", kernelTLS())
	return err
}

// kernelTLS returns what the kernel offers for TLS, or why it offers nothing.
func kernelTLS() string {
	ciphers, err := tlsconn.KernelCiphers()
	switch {
	case err == nil:
		return strings.Join(ciphers, ", ")
	case errors.Is(err, os.ErrNotExist):
		return fmt.Sprintf("no (module tls, %v)", err)
	}
	return fmt.Sprintf("no (%v)", err)
}

// reason returns why this host has no such socket.
func reason(k sock.KnownSocket, err error) string {
	var missing *sock.UnsupportedError
	switch {
	case errors.As(err, &missing) && missing.Err != nil:
		return fmt.Sprintf("%s (%v)", missing.Missing, missing.Err)
	case errors.As(err, &missing):
		return missing.Missing
	case errors.Is(err, os.ErrPermission) && strings.HasSuffix(k.Proto, " ping"):
		return fmt.Sprintf("this process has no group within the sysctl net.ipv4.ping_group_range (%v)", bare(err))
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("needs more rights than this process has (%v)", bare(err))
	}
	return err.Error()
}

// bare returns the system's error without the text that the table already has.
func bare(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// more returns facts about a kind of socket that need more than making one.
func more(k sock.KnownSocket, s *sock.Socket) string {
	switch k.Family {
	case "AF_VSOCK":
		note := "no CID of its own"
		if cid, err := sock.VsockLocalCID(); err == nil {
			note = fmt.Sprintf("CID %d", cid)
		}
		const loopback, anyPort = 1, 1<<32 - 1 // VMADDR_CID_LOCAL, VMADDR_PORT_ANY
		if s.Bind(sock.Vsock(loopback, anyPort)) != nil {
			note += ", no loopback (module vsock_loopback)"
		}
		return note
	case "AF_ALG":
		var notes []string
		for _, a := range [][2]string{{"hash", "sha256"}, {"skcipher", "cbc(aes)"}, {"aead", "gcm(aes)"}, {"rng", "stdrng"}} {
			note := "no " + a[0]
			if alg, err := k.New(); err == nil {
				if alg.Bind(sock.ALG(a[0], a[1], 0, 0)) == nil {
					note = a[0]
				}
				alg.Close()
			}
			notes = append(notes, note)
		}
		return strings.Join(notes, ", ")
	}
	return ""
}

// kernel returns the version of the kernel, if a file has it.
func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "kernel unknown"
	}
	return "kernel " + strings.TrimSpace(string(b))
}

// version returns the version of this module.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
