using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// The stored form of timeline entries: <c>at[*count,until]body</c>, with times in milliseconds after the registration. A body is a letter for the kind, letters
/// for its parts, and text after a space. Each alphabet has the order of its enum. Letters are added and never changed.
/// </summary>
internal static class TimelineText
{
    public const string Overdue = "o";
    public const string Stopped = "x";
    public const string Republished = "b";

    private const string Events = "rnpsoexub";
    private const string Causes = "rnhptqc";
    private const string Trusts = "inws";
    private const string Results = "rhl";
    private const string Reasons = "fphquatrosdz";
    private const string Answers = "-rntuxo";
    private const string States = "wpsafce";
    private const char Unknown = '-';
    private const char NotAsked = 'k';

    // Why a job was given up.
    private const char AtDeadline = 'd';
    private const char NoSuchId = 'u';
    private const char Foreign = 'o';

    public static string Registered(TimelineCause by) => $"r{Causes[(int)by]}";

    public static string Resumed(TimelineCause by) => $"u{Causes[(int)by]}";

    public static string Notified(Trust trust, NotifiedResult result) => $"n{Trusts[(int)trust]}{Results[(int)result]}";

    public static string Settled(JobState state, SettledBy by) =>
        $"s{States[(int)state]}{Causes[(int)(by == SettledBy.Poll ? TimelineCause.Poll : TimelineCause.Notification)]}";

    public static string Expired(SettledBy by, PollAnswer lastAnswer) =>
        by == SettledBy.Deadline ? $"e{AtDeadline}"
        : lastAnswer == PollAnswer.OutOfScope ? $"e{Foreign}"
        : $"e{NoSuchId}";

    public static string Polled(StatusAnswer answer, PollReason? reason)
    {
        var why = reason is { } known ? Reasons[(int)known] : Unknown;
        if (answer.StateOfReport is { } state)
            return $"pr{why}{States[(int)state]}";
        var letter = answer.Asked ? Answers[(int)answer.Answer] : NotAsked;
        return answer.Detail is { Length: > 0 } detail ? $"p{letter}{why} {Plain(detail)}" : $"p{letter}{why}";
    }

    /// <summary>The time since the registration, in milliseconds.</summary>
    public static long OffsetOf(DateTimeOffset at, DateTimeOffset registeredAt) => (long)Math.Floor((at - registeredAt).TotalMilliseconds);

    /// <summary>An entry with one occurrence.</summary>
    public static string Once(long at, string body) => string.Create(CultureInfo.InvariantCulture, $"{at}{body}");

    /// <summary>An entry with one more occurrence; null if the body differs.</summary>
    public static string? Again(ReadOnlySpan<char> entry, long at, string body) => Split(entry, out var when) is var last && !last.IsEmpty && last.SequenceEqual(body)
        ? string.Create(CultureInfo.InvariantCulture, $"{when.At}*{when.Times + 1},{at}{body}")
        : null;

    /// <summary>The number of occurrences of an entry.</summary>
    public static int TimesOf(ReadOnlySpan<char> entry)
    {
        Split(entry, out var when);
        return when.Times;
    }

    /// <returns>Null if this version does not know the entry.</returns>
    public static TimelineEntry? Read(ReadOnlySpan<char> entry, DateTimeOffset registeredAt)
    {
        var body = Split(entry, out var when);
        if (body.IsEmpty || TimeOf(when.At, registeredAt) is not { } at || TimeOf(when.Until, registeredAt) is not { } until)
            return null;
        if (Member<TimelineEvent>(Events, body[0]) is not { } what)
            return null;

        var parts = body[1..];
        var read = new TimelineEntry { At = at, What = what, Count = when.Times > 1 ? when.Times : null, Until = when.Times > 1 ? until : null };
        return what switch
        {
            TimelineEvent.Registered or TimelineEvent.Resumed => Member<TimelineCause>(Causes, At(parts, 0)) is { } by ? read with { By = by } : null,
            TimelineEvent.Notified => Notified(read, parts),
            TimelineEvent.Polled => Polled(read, parts),
            TimelineEvent.Settled => Member<JobState>(States, At(parts, 0)) is { } state && Member<TimelineCause>(Causes, At(parts, 1)) is { } by
                ? read with { State = state, By = by }
                : null,
            TimelineEvent.Expired => Cause(At(parts, 0)) is { } cause ? read with { Reason = cause } : null,
            _ => read,
        };
    }

    private static TimelineEntry? Notified(TimelineEntry read, ReadOnlySpan<char> parts)
    {
        if (Member<Trust>(Trusts, At(parts, 0)) is not { } trust || Member<NotifiedResult>(Results, At(parts, 1)) is not { } result)
            return null;
        TimelineCause? by = result != NotifiedResult.Hint && trust != Trust.Strong ? TimelineCause.Token : null;
        return read with { Trust = trust, Result = result, By = by };
    }

    private static TimelineEntry? Polled(TimelineEntry read, ReadOnlySpan<char> parts)
    {
        var reason = Member<PollReason>(Reasons, At(parts, 1));
        read = read with { Reason = reason };
        if (At(parts, 0) == Answers[(int)PollAnswer.Report] && Member<JobState>(States, At(parts, 2)) is { } state)
            return read with { State = state, Answer = StatusAnswer.InWords(state) };

        var detail = parts.Length > 3 && parts[2] == ' ' ? parts[3..].ToString() : null;
        if (At(parts, 0) == NotAsked)
            return read with { Answer = new StatusAnswer(PollAnswer.Throttled, Detail: detail, Asked: false).InWords() };
        return Member<PollAnswer>(Answers, At(parts, 0)) is { } answer ? read with { Answer = new StatusAnswer(answer, Detail: detail).InWords() } : null;
    }

    private static PollReason? Cause(char letter) => letter switch
    {
        AtDeadline => PollReason.Deadline,
        NoSuchId => PollReason.UnknownId,
        Foreign => PollReason.OutOfScope,
        _ => null,
    };

    /// <summary>Splits off the times of an entry.</summary>
    /// <returns>The body; empty if the entry is damaged.</returns>
    private static ReadOnlySpan<char> Split(ReadOnlySpan<char> entry, out (long At, int Times, long Until) when)
    {
        when = (0, 1, 0);
        var rest = Number(entry, out var at);
        if (rest.IsEmpty || rest[0] != '*')
        {
            when = (at, 1, at);
            return rest;
        }

        rest = Number(rest[1..], out var times);
        if (rest.IsEmpty || rest[0] != ',' || times is < 1 or >= int.MaxValue)
            return [];
        rest = Number(rest[1..], out var until);
        when = (at, (int)times, until);
        return rest;
    }

    /// <returns>The text after the number; empty if there is no number.</returns>
    private static ReadOnlySpan<char> Number(ReadOnlySpan<char> text, out long number)
    {
        var end = text.StartsWith('-') ? 1 : 0;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        return long.TryParse(text[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? text[end..] : [];
    }

    private static DateTimeOffset? TimeOf(long offset, DateTimeOffset registeredAt)
    {
        var milliseconds = registeredAt.ToUnixTimeMilliseconds();
        return offset > DateTimeOffset.MinValue.ToUnixTimeMilliseconds() - milliseconds && offset < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() - milliseconds
            ? registeredAt.AddTicks(offset * TimeSpan.TicksPerMillisecond)
            : null;
    }

    private static char At(ReadOnlySpan<char> parts, int index) => index < parts.Length ? parts[index] : ' ';

    private static T? Member<T>(string alphabet, char letter)
        where T : struct, Enum => alphabet.IndexOf(letter, StringComparison.Ordinal) is >= 0 and var index ? Enum.GetValues<T>()[index] : null;

    /// <summary>Limits the length of a text, and replaces characters that separate entries or that JSON escapes.</summary>
    private static string Plain(string words) => string.Concat(words.Take(StatusAnswer.MaxWords).Select(c => c is '"' ? '\'' : c is >= ' ' and <= '~' and not ('|' or '\\') ? c : '?'));
}
