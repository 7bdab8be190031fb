// Package uuid has what the Session Manager plugin uses of github.com/twinj/uuid before its version 1.0.0.
package uuid

import (
	"crypto/rand"
	"fmt"
)

// Format is the layout of a printed identifier; there is one.
type Format string

// CleanHyphen prints an identifier as RFC 9562 does.
const CleanHyphen Format = "%x-%x-%x-%x-%x"

// UUID is an identifier of 16 bytes.
type UUID interface {
	Bytes() []byte
	String() string
}

type bytes16 []byte

func (id bytes16) Bytes() []byte { return id }
func (id bytes16) String() string {
	return fmt.Sprintf(string(CleanHyphen), []byte(id[:4]), []byte(id[4:6]), []byte(id[6:8]), []byte(id[8:10]), []byte(id[10:]))
}

// New makes an identifier of 16 bytes.
func New(data []byte) UUID { return bytes16(append([]byte(nil), data...)) }

// NewV4 makes a random identifier.
func NewV4() UUID {
	data := make([]byte, 16)
	_, _ = rand.Read(data)
	data[6], data[8] = data[6]&0x0f|0x40, data[8]&0x3f|0x80
	return bytes16(data)
}

// SwitchFormat sets the layout; there is one.
func SwitchFormat(Format) {}
