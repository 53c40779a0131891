namespace FopWatch;

/// <summary>Shortens texts.</summary>
public static class TextCut
{
    /// <summary>The text in at most this many UTF-16 units: a longer one ends in <c>…</c>. No surrogate pair is cut in two, because half of it is no text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="length">The greatest length, at least 1.</param>
    public static string Of(string text, int length)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        if (text.Length <= length)
            return text;
        var end = length - 1;
        return string.Concat(text.AsSpan(0, end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end), "…");
    }
}
