using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FopWatch.Jobs;

/// <summary>Writes the documents of each notification member by member, which takes half the time of the serializer. Null members are left out.</summary>
internal static class JsonWriting
{
    // Most documents and events are shorter.
    private const int UsualLength = 2048;

    // The encoder of the serializer: it escapes quotes in two bytes instead of six, and leaves letters of all languages unescaped.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] ToBytes<T>(T value, Action<Utf8JsonWriter, T> write)
    {
        using var written = new PooledBuffer();
        using (var json = new Utf8JsonWriter(written, Options))
            write(json, value);
        return written.ToArray();
    }

    public static void Text(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
            json.WriteString(name, value);
    }

    public static void Number(this Utf8JsonWriter json, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
    }

    public static void Flag(this Utf8JsonWriter json, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } flag)
            json.WriteBoolean(name, flag);
    }

    /// <summary>Writes a time with its offset, as in stored documents.</summary>
    public static void Time(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is { } time)
            json.WriteString(name, time);
    }

    /// <summary>Writes a time in UTC with the suffix <c>Z</c>, as in events.</summary>
    public static void UtcTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? value)
    {
        if (value is { } time)
            json.WriteString(name, time.UtcDateTime);
    }

    /// <summary>Writes true, or nothing for false.</summary>
    public static void Mark(this Utf8JsonWriter json, ReadOnlySpan<byte> name, bool value)
    {
        if (value)
            json.WriteBoolean(name, true);
    }

    public static void Texts(this Utf8JsonWriter json, ReadOnlySpan<byte> name, IEnumerable<KeyValuePair<string, string>> values)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in values)
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
    {
        private byte[] _bytes = ArrayPool<byte>.Shared.Rent(UsualLength);
        private int _length;

        public void Advance(int count) => _length += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            var needed = _length + Math.Max(1, sizeHint);
            if (needed > _bytes.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 2 * _bytes.Length));
                _bytes.AsSpan(0, _length).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_bytes);
                _bytes = larger;
            }

            return _bytes.AsMemory(_length);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

        public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);
    }
}
