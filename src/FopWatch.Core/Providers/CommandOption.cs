using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace FopWatch.Providers;

/// <summary>
/// The options of the documented commands, such as avthumb, avconcat, vframe, watermarks, mkzip and fetch. The value of an option ends before the
/// name of the next option.
/// </summary>
internal static partial class CommandOption
{
    // Names that always count as options. They are compared in lower case.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> LongNames = FrozenSet.ToFrozenSet(((string[])
    [
        "acodec", "alias", "amix", "amixDuration", "amixOffset", "amixStart", "aspect", "audioProfile", "autoscale", "avsmart", "blur", "bucket",
        "callbackurl", "compressLevel", "crop", "deadline", "decompression", "deinterlace", "deleteAfterDays", "deletets", "dissolve", "domain",
        "duration", "encoding", "end", "fade", "file_type", "fileType", "fill", "flip", "font", "fontsize", "force", "format", "fsize",
        "gifHighColor", "gravity", "h264Level", "h264Profile", "hlsDurationModify", "hlsIV", "hlsIVType", "hlsKey", "hlsKeyType", "hlsKeyUrl",
        "hlsMethod", "host", "image", "index", "interlace", "interval", "key", "keyFramePosition", "limit", "loudnorm", "loudnormI", "loudnormLRA",
        "loudnormTP", "maxDuration", "maxrate", "md5", "mimeType", "mode", "mosaic", "mosaicDuration", "mosaicGravity", "mosaicOffsetX",
        "mosaicOffsetY", "mosaicSize", "mosaicStart", "multiArep", "multiArepDuration", "multiArepOffset", "multiArepStart", "multiAudio",
        "noDomain", "notify-filter", "notifyURL", "offset", "output", "overwrite", "padH", "padVideoX", "padVideoY", "padW", "password", "pattern", "pipeline",
        "position", "prefix", "preset", "quality", "rate", "refine", "repeat", "resource", "rotate", "saveas", "savePattern", "scodec",
        "segFirstTime", "segmentInit", "segmentType", "segtime", "separate", "shortest", "size", "smtEnhance", "smtQuality", "smtType", "speex",
        "start", "stream", "strip", "stripmeta", "subtitle", "text", "thumbnail", "uphost", "vcodec", "volume", "webp", "wmAlpha", "wmConstant",
        "wmDuration", "wmFont", "wmFontColor", "wmFontSize", "wmGravity", "wmGravityText", "wmIgnoreLoop", "wmImage", "wmImage2", "wmOffsetX",
        "wmOffsetY", "wmPos", "wmScale", "wmScaleType", "wmShortest", "wmText", "writeXing", "wst",
    ]).Select(name => name.ToLowerInvariant())).GetAlternateLookup<ReadOnlySpan<char>>();

    // Base64 may contain these between two slashes, so they count only before a complete value, such as 25, 0.5, 1.4m, 640x360 or 00:01:30.
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> ShortNames = FrozenSet.ToFrozenSet(
    [
        "ab", "ac", "an", "aq", "ar", "crf", "cut", "dx", "dy", "gop", "hr", "h", "n", "q", "r", "s", "t", "w", "x", "y", "sn", "ss", "vb", "vn", "ws",
    ]).GetAlternateLookup<ReadOnlySpan<char>>();

    private const int MaxName = 24;

    /// <summary>Whether an option starts at a position.</summary>
    public static bool IsAt(string text, int at)
    {
        Span<char> buffer = stackalloc char[MaxName];
        var name = NameAt(text, at, buffer);
        return IsLong(text, at, name) || (ShortNames.Contains(name) && ShortValue().IsMatch(text, at + name.Length));
    }

    /// <summary>Whether an option that Base64 does not contain by chance starts at a position.</summary>
    public static bool IsLongAt(string text, int at)
    {
        Span<char> buffer = stackalloc char[MaxName];
        return IsLong(text, at, NameAt(text, at, buffer));
    }

    /// <summary>Whether an option follows the slashes at a position.</summary>
    public static bool FollowsAt(string text, int at)
    {
        var name = at;
        for (int next; (next = SecretValue.EndOfSlash(text, name)) > name;)
            name = next;
        return name > at && IsAt(text, name);
    }

    private static bool IsLong(string text, int at, ReadOnlySpan<char> name)
    {
        if (name is "url")
            return UrlValue().IsMatch(text, at + name.Length);
        if (name.StartsWith("audio_") || name.StartsWith("video_"))
            return Preset().IsMatch(text, at);
        return LongNames.Contains(name)
            && (at + name.Length == text.Length || "/|;\"']&\\%".Contains(text[at + name.Length]) || char.IsWhiteSpace(text[at + name.Length]));
    }

    /// <summary>The word at a position in lower case, or its beginning.</summary>
    private static ReadOnlySpan<char> NameAt(string text, int at, Span<char> buffer)
    {
        var length = 0;
        for (; length < MaxName && at + length < text.Length && Letter(text[at + length]) is not '\0' and var letter; length++)
            buffer[length] = letter;
        return buffer[..length];

        // The Kelvin sign equals K in case-insensitive comparisons.
        static char Letter(char c) => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : c is '_' or '-' ? c : c == '\u212a' ? 'k' : '\0';
    }

    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture;

    private const string Slashes = @"(?> (?: \\*/ | \\+u002f | %(?:25)*2f )+ )";

    [GeneratedRegex(@"\G " + Slashes + " (?: aHR0 | YUhSM | http )", Options)]
    private static partial Regex UrlValue();

    [GeneratedRegex(@"\G (?: audio | video )_ (?: [0-9]+k | [0-9]+x[0-9]+_[0-9]+k ) (?= [/|;\s""'\]&\\%] | $ )", Options)]
    private static partial Regex Preset();

    [GeneratedRegex(
        @"\G " + Slashes + @" (?> [0-9]{1,10} (?: [.:x] [0-9]{0,10} ){0,2} [km]? ) (?! [a-z0-9+_=.:-] | %(?:25)*(?:2b|3a|3d) | \\+u00(?:2b|3d) )", Options)]
    private static partial Regex ShortValue();
}
