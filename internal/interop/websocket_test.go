package interop

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestWebSocket(t *testing.T) {
	for _, v := range versions[:2] { // one upgrades a connection of HTTP/1.1
		t.Run(v.name, func(t *testing.T) {
			ctx := background(t)
			s, client := v.serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, err := websocket.Accept(w, r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				defer c.CloseNow()
				c.SetReadLimit(1 << 22)
				for {
					kind, p, err := c.Read(ctx)
					if err != nil {
						if got := websocket.CloseStatus(err); got != websocket.StatusNormalClosure {
							t.Errorf("the server: %v", err)
						}
						return
					}
					if err := c.Write(ctx, kind, p); err != nil {
						t.Error(err)
						return
					}
				}
			}))
			must(t, each(20, func(i int) error {
				url := "ws" + strings.TrimPrefix(s.URL, "http")
				c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client})
				if err != nil {
					return err
				}
				defer c.CloseNow()
				c.SetReadLimit(1 << 22)
				for j := range 20 {
					want := bytes.Repeat([]byte{byte(j)}, i*j*1000)
					err := c.Write(ctx, websocket.MessageBinary, want)
					_, got, failed := c.Read(ctx)
					if err = errors.Join(err, failed); err != nil || !bytes.Equal(got, want) {
						return fmt.Errorf("%d bytes came, want %d: %v", len(got), len(want), err)
					}
				}
				if err := c.Ping(c.CloseRead(ctx)); err != nil {
					return err
				}
				return c.Close(websocket.StatusNormalClosure, "")
			}))
		})
	}
}
