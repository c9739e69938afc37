package pollers

import (
	"errors"
	"testing"
)

func TestFromEnv(t *testing.T) {
	for _, tt := range []struct {
		value   string
		none    bool // no poller is named
		ok      bool
		oneShot bool
	}{
		{"", true, true, false},
		{"oneshot", false, true, true},
		{"poll", false, true, true},
		{"kqueue", false, true, false},
		{"kqueue-pipe", false, true, false},
		{"epoll", false, false, false},
	} {
		t.Run(tt.value, func(t *testing.T) {
			t.Setenv(variable, tt.value)
			open := FromEnv()
			if tt.none {
				if open != nil {
					t.Error("got a poller, want none")
				}
				return
			}
			p, err := open()
			if err == nil {
				defer p.Close()
			}
			if tt.ok != (err == nil) && !errors.Is(err, errors.ErrUnsupported) {
				t.Fatalf("got %v", err)
			}
			if err == nil && p.OneShot() != tt.oneShot {
				t.Errorf("OneShot is %v", p.OneShot())
			}
		})
	}
}
