using System.Text;

namespace FopWatch.Jobs;

/// <summary>
/// The index words by which stores find jobs: the bucket and the key of the input, and metadata. A word is a letter for its kind and up to
/// <see cref="MaxLength"/> bytes of UTF-8; longer ones are cut.
/// </summary>
public static class JobWords
{
    /// <summary>The most bytes of a word after its kind.</summary>
    public const int MaxLength = 128;

    /// <summary>The most metadata entries that become words. A job with more entries also has the word <see cref="More"/>.</summary>
    public const int MaxMetadata = 16;

    private const byte KeyKind = (byte)'k';

    /// <summary>The word of jobs with more metadata entries than words.</summary>
    public static ReadOnlyMemory<byte> More { get; } = "+"u8.ToArray();

    /// <summary>Whether a word is the key of an input.</summary>
    public static bool IsKey(ReadOnlySpan<byte> word) => word is [KeyKind, ..];

    /// <summary>The words of a job, each preceded by its length in one byte; empty for none.</summary>
    public static byte[] Of(Job job)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (job.Metadata.Count == 0 && job.Facts is { Bucket: null, Key: null })
            return [];

        using var words = new MemoryStream();
        if (job.Facts.Bucket is { } bucket)
            Write(words, OfBucket(bucket));
        if (job.Facts.Key is { } key)
            Write(words, OfKey(key));
        foreach (var (name, value) in job.Metadata.Take(MaxMetadata))
            Write(words, OfMetadata(name, value));
        if (job.Metadata.Count > MaxMetadata)
            Write(words, More);
        return words.ToArray();
    }

    /// <summary>The words that <see cref="Of"/> wrote, up to the first damaged one.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Each(ReadOnlyMemory<byte> words)
    {
        while (words.Length > 0 && words.Span[0] is var length and > 0 && length < words.Length)
        {
            yield return words.Slice(1, length);
            words = words[(1 + length)..];
        }
    }

    internal static ReadOnlyMemory<byte> OfBucket(string bucket) => Word('b', bucket);

    internal static ReadOnlyMemory<byte> OfKey(string key) => Word((char)KeyKind, key);

    internal static ReadOnlyMemory<byte> OfMetadata(string name, string value) => Word('m', $"{name}\0{value}");

    private static ReadOnlyMemory<byte> Word(char kind, string text)
    {
        var bytes = Encoding.UTF8.GetBytes($"{kind}{text}");
        return bytes.AsMemory(0, Math.Min(bytes.Length, 1 + MaxLength));
    }

    private static void Write(MemoryStream words, ReadOnlyMemory<byte> word)
    {
        words.WriteByte((byte)word.Length);
        words.Write(word.Span);
    }
}
