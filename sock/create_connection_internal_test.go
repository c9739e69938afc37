package sock

import (
	"errors"
	"testing"
)

func TestConnectToNoAddress(t *testing.T) { // item 219
	for _, cfg := range []*ConnectionConfig{{}, {HappyEyeballs: true}} {
		s, errs := connectAny(t.Context(), "dial", nil, cfg)
		if s != nil || len(errs) != 1 || !errors.Is(errs[0], errNoAddresses) {
			t.Errorf("%v, %v", s, errs)
		}
	}
}
