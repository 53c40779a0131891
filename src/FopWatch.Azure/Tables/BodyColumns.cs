using System.Globalization;
using System.IO.Compression;
using System.Text;
using Azure.Data.Tables;

namespace FopWatch.Azure.Tables;

/// <summary>
/// A body in the columns of a row: a short one as a string, which any tool can show; a longer one compressed, in binary columns. A column holds at most
/// 64 KiB (32 Ki characters), and a row 1 MiB.
/// </summary>
internal static class BodyColumns
{
    /// <summary>
    /// The longest body that a row holds, compressed. Azurite counts the size of a row as sent, in JSON, in which binary columns are a third longer. By that
    /// count, this leaves 84 KiB of the 1 MiB to the other columns.
    /// </summary>
    public const int MaxBytes = MaxColumns * ColumnBytes;

    /// <summary>The maximum of bytes for which <see cref="WriteBytes"/> uses only <see cref="OfShortBytes"/>.</summary>
    public const int ShortBytes = ColumnBytes;

    private const int MaxColumns = 11;
    private const int ColumnBytes = 64 * 1024;
    private const int TextCharacters = 32 * 1024;

    // No body is nearly as long. A damaged length must not exhaust the memory.
    private const int MaxTextBytes = 512 * 1024 * 1024;

    private const string Text = "Body";
    private const string Length = "BodyLength";

    // Bodies this long are rare, so size matters more than time.
    private const int Quality = 4;
    private const int Window = 22;

    // A row uses the first few of these columns.
    private static readonly string[] Names = [.. Enumerable.Range(0, MaxColumns).Select(i => string.Create(CultureInfo.InvariantCulture, $"Body{i}"))];

    /// <summary>The columns of an uncompressed text.</summary>
    public static IReadOnlyList<string> OfShortText { get; } = [Text];

    /// <summary>The columns of up to <see cref="ShortBytes"/>.</summary>
    public static IReadOnlyList<string> OfShortBytes { get; } = [Names[0]];

    /// <summary>Whether a row read with <see cref="OfShortText"/> has its text.</summary>
    public static bool HasShortText(TableEntity row) => row.Text(Text) is not null;

    /// <summary>Writes UTF-8 text into a row.</summary>
    /// <returns>Whether the text fits. If not, the row is unchanged.</returns>
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

    /// <summary>Reads the text that <see cref="TryWriteText"/> wrote; null if the row is damaged.</summary>
    public static byte[]? TryReadText(TableEntity row)
    {
        if (row.Text(Text) is { } text)
            return Encoding.UTF8.GetBytes(text);
        if (row.Number(Length) is not (>= 0 and <= MaxTextBytes and var length))
            return null;

        var body = new byte[length];
        return BrotliDecoder.TryDecompress(ReadBytes(row), body, out var written) && written == length ? body : null;
    }

    /// <summary>Writes uncompressed bytes, at most <see cref="MaxBytes"/>.</summary>
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

    /// <summary>Reads the bytes that <see cref="WriteBytes"/> wrote.</summary>
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
