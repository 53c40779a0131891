using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FopWatch.Sqlite;

/// <summary>The end of a page as opaque text.</summary>
internal static class Continuations
{
    /// <summary>After the job in this row, which was registered at this time.</summary>
    public static string AfterJob(long registeredAt, long seq) => Write('j', string.Create(CultureInfo.InvariantCulture, $"{registeredAt}.{seq}"));

    /// <exception cref="FormatException"><see cref="AfterJob"/> did not write it.</exception>
    public static (long RegisteredAt, long Seq) ReadJob(string continuation)
    {
        var parts = Read('j', continuation).Split('.');
        if (parts.Length == 2 && IsNumber(parts[0], out var registeredAt) && IsNumber(parts[1], out var seq))
            return (registeredAt, seq);
        throw Foreign();
    }

    /// <summary>After the notification with this key.</summary>
    public static string AfterNotification(string key) => Write('q', key);

    /// <exception cref="FormatException"><see cref="AfterNotification"/> did not write it.</exception>
    public static string ReadNotification(string continuation) => Read('q', continuation);

    private static string Write(char kind, string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(kind + text));

    private static string Read(char kind, string continuation)
    {
        if (!Base64Url.IsValid(continuation))
            throw Foreign();
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(continuation));
        return text.Length > 1 && text[0] == kind ? text[1..] : throw Foreign();
    }

    private static bool IsNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static FormatException Foreign() => new("The continuation was not issued by this store.");
}
