package protocol_test

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/protocol"
)

// anyValue names the fields of Config for which every value is good.
var anyValue = map[string]string{
	"New":         "a function",
	"Secure":      "a function",
	"Reactor":     "made by package loop",
	"Loop":        "checked by package loop",
	"KeepReading": "a switch",
	"Delay":       "a switch",
	"Logger":      "made by package slog",
}

const tooLong = 12*24*time.Hour + 1

// badValues are values out of range, for each field of Config that has one.
var badValues = map[string][]any{
	"Loops":            {-1, 1<<16 + 1},
	"HighWater":        {-1, 1<<30 + 1},
	"LowWater":         {-1, 64 << 10, 1<<30 + 1},
	"WriteLimit":       {-1, 10, 1<<30 + 1},
	"ReadLimit":        {-1, 1<<30 + 1},
	"ZeroCopy":         {-1, 1, 4095, 1<<30 + 1},
	"DatagramSize":     {-1, 1<<20 + 1},
	"IdleTimeout":      {time.Duration(-1), time.Millisecond - 1, tooLong},
	"ReadTimeout":      {time.Duration(-1), time.Millisecond - 1, tooLong},
	"WriteTimeout":     {time.Duration(-1), time.Millisecond - 1, tooLong},
	"HandshakeTimeout": {time.Duration(-1), time.Millisecond - 1, tooLong},
	"CloseTimeout":     {time.Duration(-1), time.Millisecond - 1, tooLong},
	"Linger":           {time.Millisecond - 1, tooLong},
	"KeepAlive":        {time.Duration(-1), time.Second - 1, 32768 * time.Second},
	"MaxConns":         {-1, 1<<30 + 1},
	"AcceptRate":       {-1, 1<<30 + 1},
	"AcceptBurst":      {-1, 1<<30 + 1},
	"Balance":          {protocol.Balance(4), protocol.Balance(255)},
	"Backlog":          {-1, 1<<30 + 1},
}

// Each field of Config has a range, or every value is good; a value out of range is an error that
// names field, value and range. A new field without either fails.
func TestOptions(t *testing.T) {
	badValues, anyValue := maps.Clone(badValues), maps.Clone(anyValue) // what no field has named yet
	config := reflect.TypeFor[protocol.Config]()
	for i := range config.NumField() {
		field := config.Field(i)
		values, has := badValues[field.Name]
		if _, any := anyValue[field.Name]; has == any {
			t.Errorf("%s: must be in badValues or in anyValue, and is in both or none", field.Name)
		}
		for _, v := range values {
			var cfg protocol.Config
			reflect.ValueOf(&cfg).Elem().Field(i).Set(reflect.ValueOf(v).Convert(field.Type))
			var option *protocol.OptionError
			_, err := protocol.NewServer(&cfg)
			if !errors.As(err, &option) || option.Option != field.Name {
				t.Errorf("%s %v: %v, want an OptionError", field.Name, v, err)
				continue
			}
			text := err.Error()
			shown := fmt.Sprint(v)
			if b, ok := v.(protocol.Balance); ok {
				shown = fmt.Sprint(int(b))
			}
			if !strings.Contains(text, shown) || !strings.Contains(option.Rule, "must be") || field.Name != "Balance" && !strings.ContainsAny(option.Rule, "0123456789") {
				t.Errorf("%s %v: %q, want value and range", field.Name, v, text)
			}
			if _, err := protocol.NewClient(&cfg); !errors.As(err, &option) {
				t.Errorf("%s %v: a client: %v", field.Name, v, err)
			}
		}
		delete(badValues, field.Name)
		delete(anyValue, field.Name)
	}
	if len(badValues)+len(anyValue) > 0 {
		t.Errorf("no fields of Config: %v %v", badValues, anyValue)
	}
}
