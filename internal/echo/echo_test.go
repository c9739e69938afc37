//go:build linux

package echo_test

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// long is what a test may take at most before it counts as hanging.
const long = 10 * time.Second

func TestDrainWhileClientsCome(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			for range 30 {
				s, err := echo.Listen(echo.Config{Mode: mode, Addr: sock.Inet("127.0.0.1", 0), Loops: 2})
				if err != nil {
					t.Fatal(err)
				}
				a, err := s.Addr()
				if err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				first := make(chan struct{}, 8)
				for range 8 {
					wg.Go(func() {
						for i := 0; ; i++ {
							c, err := net.Dial("tcp", a.String())
							if err != nil {
								return
							}
							defer c.Close()
							c.SetDeadline(time.Now().Add(long))
							if i == 5 {
								first <- struct{}{}
							}
							c.Write([]byte("x"))
						}
					})
				}
				<-first
				begin := time.Now()
				if err := s.Drain(long); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(begin); d > time.Second {
					t.Errorf("Drain took %v", d)
				}
				wg.Wait()
			}
		})
	}
}

var _ = bytes.Equal
var _ = io.Copy
var _ = filepath.Join
var _ = unix.AF_INET
