package main

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestForeignClients sends a file through the server by programs of other projects, which end their
// side before they have the answer.
func TestForeignClients(t *testing.T) {
	data := random(3 << 20)
	for _, tt := range []struct {
		name, listen string
		size         int
		command      func(addr string) []string
	}{
		{"nc", "127.0.0.1:0", len(data), func(addr string) []string {
			host, port, _ := strings.Cut(addr, ":")
			return []string{"nc", "-N", host, port}
		}},
		{"nc unix", "unix:" + filepath.Join(t.TempDir(), "nc"), len(data), func(addr string) []string {
			return []string{"nc", "-N", "-U", addr}
		}},
		{"socat", "127.0.0.1:0", len(data), func(addr string) []string {
			return []string{"socat", "-t", "20", "-", "TCP:" + addr}
		}},
		{"socat unix", "unix:" + filepath.Join(t.TempDir(), "socat"), len(data), func(addr string) []string {
			return []string{"socat", "-t", "20", "-", "UNIX-CONNECT:" + addr}
		}},
		{"socat abstract", "unix:", len(data), func(addr string) []string {
			return []string{"socat", "-t", "20", "-", "ABSTRACT-CONNECT:" + strings.TrimPrefix(addr, "@")}
		}},
		{"socat udp", "udp:127.0.0.1:0", 8000, func(addr string) []string {
			return []string{"socat", "-t", "1", "-", "UDP:" + addr} // UDP has no end of stream: socat waits a second for more
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			program, _, _ := strings.Cut(tt.name, " ")
			if help, err := exec.Command(program, "-h").CombinedOutput(); err != nil {
				t.Skipf("until %s is installed: %v", program, err)
			} else if program == "nc" && !bytes.Contains(help, []byte("-N")) {
				t.Skip("until nc is that of OpenBSD")
			}
			p, _, addr := startServing(t, "-listen", tt.listen)
			ctx, cancel := context.WithTimeout(t.Context(), long)
			defer cancel()
			argv := tt.command(addr)
			cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
			cmd.Stdin = bytes.NewReader(data[:tt.size])
			got, err := cmd.Output()
			if !bytes.Equal(got, data[:tt.size]) || err != nil {
				t.Errorf("%q got %d of %d bytes, and ended with %v", argv, len(got), tt.size, err)
			}
			p.Process.Signal(syscall.SIGTERM)
			p.endWell()
		})
	}
}
