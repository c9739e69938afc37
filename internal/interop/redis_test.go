package interop

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestRedis(t *testing.T) {
	program := installed(t, "redis-server", "redis-server")
	ln := listen(t)
	_, port, _ := strings.Cut(ln.Addr().String(), ":")
	ln.Close()
	path := filepath.Join(socktest.Dir(t), "redis")
	start(t, exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--unixsocket", path, "--save", "", "--dir", t.TempDir()))
	for _, o := range []redis.Options{{Network: "tcp", Addr: "127.0.0.1:" + port}, {Network: "unix", Addr: path}} {
		t.Run(o.Network, func(t *testing.T) {
			ctx := background(t)
			o.Dialer = new(netconn.Dialer).DialContext
			o.MaxRetries = -1
			o.ContextTimeoutEnabled = true
			client := redis.NewClient(&o)
			defer client.Close()
			await(t, "the server", func() error { return client.Ping(ctx).Err() })

			must(t, each(20, func(i int) error {
				key := fmt.Sprintf("%s %d", o.Network, i)
				for j := range 50 {
					value := bytes.Repeat([]byte{byte(j)}, i*j*10)
					if err := client.Set(ctx, key, value, 0).Err(); err != nil {
						return err
					}
					if got, err := client.Get(ctx, key).Bytes(); err != nil || !bytes.Equal(got, value) {
						return fmt.Errorf("%d bytes came back of %d, %w", len(got), len(value), err)
					}
				}
				return nil
			}))
			cmds, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for range 1000 {
					p.Incr(ctx, o.Network)
				}
				return nil
			})
			if err != nil || cmds[999].(*redis.IntCmd).Val() != 1000 {
				t.Errorf("%v, %v", cmds[len(cmds)-1], err)
			}

			sub := client.Subscribe(ctx, "news")
			defer sub.Close()
			_, err = sub.Receive(ctx)
			must(t, err)
			must(t, client.Publish(ctx, "news", "hello").Err())
			if m, err := sub.ReceiveMessage(ctx); err != nil || m.Payload != "hello" {
				t.Errorf("%v, %v", m, err)
			}

			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			deadline, _ := short.Deadline() // the context's own timer may run after that of the connection
			if err := client.BLPop(short, 0, "nothing").Err(); err == nil || time.Now().Before(deadline) {
				t.Errorf("a call beyond its deadline: %v", err)
			}
			must(t, client.Ping(ctx).Err())
		})
	}
}
