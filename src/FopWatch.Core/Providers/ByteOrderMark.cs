namespace FopWatch.Providers;

/// <summary>The mark with which some serializers and editors begin UTF-8. Any input may have one.</summary>
public static class ByteOrderMark
{
    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    /// <summary>The text without a byte order mark.</summary>
    /// <param name="utf8">Text in UTF-8.</param>
    public static ReadOnlyMemory<byte> Skip(ReadOnlyMemory<byte> utf8) => utf8.Span.StartsWith(Mark) ? utf8[Mark.Length..] : utf8;
}
