using System.Globalization;
using System.IO.Compression;
using System.Text;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>
/// A body in the columns of a row: as a string where it is short, since that can be read in any tool; otherwise compressed, in
/// binary columns. A column holds at most 64 KiB (32 Ki characters) and a row 1 MiB.
/// </summary>
internal static class BodyColumns
{
    /// <summary>
    /// The longest body that a row holds, compressed. Azurite counts a row as it is sent, in JSON, where binary columns are a third
    /// longer; so counted this leaves 84 KiB of the 1 MiB to the other columns.
    /// </summary>
    public const int MaxBytes = MaxColumns * ColumnBytes;

    /// <summary>The most bytes that <see cref="WriteBytes"/> puts into <see cref="OfShortBytes"/> alone.</summary>
    public const int ShortBytes = ColumnBytes;

    private const int MaxColumns = 11;
    private const int ColumnBytes = 64 * 1024;
    private const int TextCharacters = 32 * 1024;

    // No body is nearly as long; a length that was damaged must not take the memory.
    private const int MaxTextBytes = 512 * 1024 * 1024;

    private const string Text = "Body";
    private const string Length = "BodyLength";

    // Bodies this long are rare: room counts for more than time.
    private const int Quality = 4;
    private const int Window = 22;

    // The names of columns, of which a row needs the first few.
    private static readonly string[] Names = [.. Enumerable.Range(0, MaxColumns).Select(i => string.Create(CultureInfo.InvariantCulture, $"Body{i}"))];

    /// <summary>The columns of a text that was not compressed.</summary>
    public static IReadOnlyList<string> OfShortText { get; } = [Text];

    /// <summary>The columns of up to <see cref="ShortBytes"/>.</summary>
    public static IReadOnlyList<string> OfShortBytes { get; } = [Names[0]];

    /// <summary>Whether a row of which <see cref="OfShortText"/> was read has its text.</summary>
    public static bool HasShortText(TableEntity row) => row.Text(Text) is not null;

    /// <summary>Writes UTF-8 text into a row.</summary>
    /// <returns>Whether it fits. If not, the row is as before.</returns>
    public static bool TryWriteText(TableEntity row, ReadOnlySpan<byte> utf8)
    {
        if (Encoding.UTF8.GetCharCount(utf8) <= TextCharacters)
        {
            row[Text] = Encoding.UTF8.GetString(utf8);
            return true;
        }

        if (Compress(utf8) is not { } compressed)
            return false;
        row[Length] = utf8.Length;
        WriteBytes(row, compressed);
        return true;
    }

    /// <summary>What <see cref="TryWriteText"/> wrote; null if the row was damaged.</summary>
    public static byte[]? TryReadText(TableEntity row)
    {
        if (row.Text(Text) is { } text)
            return Encoding.UTF8.GetBytes(text);
        if (row.Number(Length) is not (>= 0 and <= MaxTextBytes and var length))
            return null;

        var body = new byte[length];
        return BrotliDecoder.TryDecompress(ReadBytes(row), body, out var written) && written == length ? body : null;
    }

    /// <summary>Writes bytes as they are; at most <see cref="MaxBytes"/>.</summary>
    public static void WriteBytes(TableEntity row, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxBytes);
        for (var i = 0; !bytes.IsEmpty; i++)
        {
            var column = bytes[..Math.Min(ColumnBytes, bytes.Length)];
            row[Names[i]] = column.ToArray();
            bytes = bytes[column.Length..];
        }
    }

    /// <summary>What <see cref="WriteBytes"/> wrote.</summary>
    public static byte[] ReadBytes(TableEntity row)
    {
        var columns = Names.Select(row.Bytes).OfType<byte[]>().ToList();
        return columns.Count == 1 ? columns[0] : [.. columns.SelectMany(column => column)];
    }

    private static byte[]? Compress(ReadOnlySpan<byte> bytes)
    {
        var compressed = new byte[MaxBytes];
        return BrotliEncoder.TryCompress(bytes, compressed, out var written, Quality, Window) ? compressed[..written] : null;
    }
}
