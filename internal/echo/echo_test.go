//go:build linux

package echo_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
)

// long limits the time of a test before it counts as hanging.
const long = 10 * time.Second

// TestDrainWhileClientsCome drains a server again and again while others connect. A connection that
// is accepted at that moment must be ended too, or Drain would wait for it for ever.
func TestDrainWhileClientsCome(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			for range 5 {
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
				drained := make(chan struct{})
				for range 8 {
					wg.Go(func() {
						for i := 0; ; i++ {
							c, err := net.Dial("tcp", a.String())
							if err != nil {
								<-drained // the connections must not end because of the client
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
				err = s.Drain(long)
				close(drained)
				wg.Wait()
				if err != nil {
					t.Fatal(err)
				}
				if d := time.Since(begin); d > long/2 {
					t.Errorf("Drain took %v", d)
				}
			}
		})
	}
}
