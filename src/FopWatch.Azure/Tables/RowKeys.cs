using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>
/// The keys of all rows. Keys must not contain <c>/ \ # ?</c> or control characters. Sources and ids have none, and other texts are written in hexadecimal.
/// Times are ticks in 19 digits, so that keys sort by time; in lists with the newest first, they are subtracted from the maximum. Within a partition, each
/// kind of row is a range with its own first letter.
/// </summary>
internal static class RowKeys
{
    /// <summary>The partition for rows of the whole table. No source has an empty name.</summary>
    public const string TablePartition = "|";

    /// <summary>The row with the layout of the table.</summary>
    public const string Layout = "layout";

    /// <summary>The row with the key of job references.</summary>
    public const string ReferenceKey = "reference-key";

    /// <summary>The row with the progress of purges.</summary>
    public const string PurgeMark = "purge";

    /// <summary>The row with the time from which on jobs have words.</summary>
    public const string WordsMark = "words";

    /// <summary>The progress of the backfill of words in each partition.</summary>
    public const string WordsMarks = "w|";

    /// <summary>The sources with rows.</summary>
    public const string Sources = "s|";

    /// <summary>The leases of the sources' poll rates.</summary>
    public const string Leases = "p|";

    /// <summary>The runs of the app's timers.</summary>
    public const string Timers = "t|";

    /// <summary>Test rows, which are written to check access and deleted at once.</summary>
    public const string Proofs = "z|";

    /// <summary>The counts of each partition.</summary>
    public const string Counts = "b|";

    /// <summary>The due index of open jobs.</summary>
    public const string Due = "d|";

    /// <summary>The jobs.</summary>
    public const string Jobs = "j|";

    /// <summary>The list of jobs, the last registered first.</summary>
    public const string Listed = "l|";

    /// <summary>The overdue jobs, the last registered first.</summary>
    public const string Overdue = "v|";

    /// <summary>The outbox.</summary>
    public const string Outbox = "o|";

    /// <summary>The jobs by their references.</summary>
    public const string References = "r|";

    /// <summary>The jobs by the keys of their inputs.</summary>
    public const string Keyed = "y|";

    /// <summary>The jobs by their other words, the last registered first.</summary>
    public const string Worded = "w|";

    /// <summary>The tombstones of purged jobs, by the period in which they were written.</summary>
    public const string Tombstones = "x|";

    /// <summary>The known ages of each class.</summary>
    public const string Ages = "a|";

    /// <summary>The row with the ids of the last additions to the statistics.</summary>
    public const string Additions = "f|";

    /// <summary>The sums of each hour, the newest first. Together with the two kinds before, it is a range that an addition reads in one request.</summary>
    public const string Hours = "h|";

    /// <summary>Notifications in quarantine, the newest first.</summary>
    public const string Quarantined = "h|";

    /// <summary>Pieces of the bodies of notifications.</summary>
    public const string Chunks = "c|";

    private const int TicksLength = 19;
    private const int WordHashLength = 12;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The exclusive upper bound of a range. <c>}</c> follows <c>|</c>.</summary>
    public static string EndOf(string prefix) => string.Concat(prefix.AsSpan(0, prefix.Length - 1), "}");

    /// <summary>The smallest key after a key. All characters of keys are greater than a space.</summary>
    public static string After(string rowKey) => rowKey + " ";

    /// <summary>The partition of a job and of all rows committed with it.</summary>
    public static string Partition(JobKey key, int buckets) => Partition(key.Source, Bucket(key.Id, buckets));

    /// <summary>The partition of a bucket of a source.</summary>
    public static string Partition(string source, int bucket) => string.Create(CultureInfo.InvariantCulture, $"{source}|{bucket}");

    /// <summary>The source that a partition belongs to.</summary>
    public static string SourceOf(string partition) => partition[..partition.LastIndexOf('|')];

    /// <summary>The partition of a source's quarantine. It differs from buckets, which are numbers.</summary>
    public static string Quarantine(string source) => source + "|q";

    /// <summary>The partition of a source's statistics.</summary>
    public static string Statistics(string source) => source + "|s";

    /// <summary>The row of a class. Keys must not contain a slash, and names of classes contain no bar.</summary>
    public static string Class(string name) => Ages + name.Replace('/', '|');

    /// <summary>The name of the class of a row.</summary>
    public static string ClassOf(string rowKey) => rowKey[Ages.Length..].Replace('|', '/');

    public static string Hour(DateTimeOffset hour) => Hours + Digits(DateTimeOffset.MaxValue.UtcTicks - hour.UtcTicks);

    /// <summary>The hour of a row; null if the text is not its key.</summary>
    public static DateTimeOffset? HourOf(string rowKey) =>
        rowKey.Length == Hours.Length + TicksLength
        && rowKey.StartsWith(Hours, StringComparison.Ordinal)
        && long.TryParse(rowKey.AsSpan(Hours.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && ticks <= DateTimeOffset.MaxValue.UtcTicks
            ? new(DateTimeOffset.MaxValue.UtcTicks - ticks, TimeSpan.Zero)
            : null;

    /// <summary>
    /// The bucket of an id: FNV-1a in 64 bits, mixed so that every bit counts, modulo the number of buckets. It determines the partition of every row and must
    /// never change.
    /// </summary>
    public static int Bucket(string id, int buckets) => (int)(Hash(id) % (ulong)buckets);

    /// <summary>The hash of an id.</summary>
    public static ulong Hash(string id)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in id)
            hash = (hash ^ c) * 1099511628211UL;
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        return hash;
    }

    public static string Source(string source) => Sources + source;

    public static string PollLeases(string source) => Leases + source;

    public static string Timer(string name) => Timers + name;

    public static string Job(string id) => Jobs + id;

    public static string Reference(string reference) => References + reference;

    /// <summary>
    /// The tombstone written in a period. A period is as long as the minimum retention of a tombstone. So a current tombstone is of this period or the previous
    /// one, and older ones form a range.
    /// </summary>
    public static string Tombstone(long period, string reference) => TombstonesFrom(period) + reference;

    /// <summary>The first key of the tombstones of a period.</summary>
    public static string TombstonesFrom(long period) => string.Create(CultureInfo.InvariantCulture, $"{Tombstones}{period:D7}|");

    /// <summary>The period of tombstones that contains a time.</summary>
    public static long PeriodOf(DateTimeOffset time) => time.UtcTicks / FopWatch.Jobs.Tombstone.Lifetime.Ticks;

    public static string DueAt(DateTimeOffset dueAt, string id) => $"{DueFrom(dueAt.UtcTicks)}{id}";

    /// <summary>The first key of jobs due at a time.</summary>
    public static string DueFrom(long ticks) => Due + Digits(ticks) + "|";

    public static string ListedAt(DateTimeOffset registeredAt, string id) => $"{ListedFrom(registeredAt)}{id}";

    /// <summary>The first key of jobs registered at a time. Keys of later jobs precede it.</summary>
    public static string ListedFrom(DateTimeOffset registeredAt) => Listed + Digits(DateTimeOffset.MaxValue.UtcTicks - registeredAt.UtcTicks) + "|";

    /// <summary>Converts a key of the list of all jobs to one of the list of overdue jobs.</summary>
    public static string OverdueOf(string listed) => string.Concat(Overdue, listed.AsSpan(Listed.Length));

    /// <summary>Converts a key of the list of overdue jobs to one of the list of all jobs.</summary>
    public static string ListedOf(string overdue) => string.Concat(Listed, overdue.AsSpan(Overdue.Length));

    /// <summary>
    /// Sorted by time first, so that the oldest events of a long backlog can be read without the rest. A job's times never decrease, so its events are in the
    /// order of their versions too.
    /// </summary>
    public static string Event(DateTimeOffset time, string id, long version) => $"{Outbox}{Digits(time.UtcTicks)}|{id}|{Digits(version)}";

    /// <summary>The row of a word of a job. It contains keys of inputs as a whole, because searches for them are by prefix, and a hash of other words.</summary>
    /// <param name="word">The word.</param>
    /// <param name="listed">The row key of the job in the list.</param>
    public static string Word(ReadOnlySpan<byte> word, string listed) => string.Concat(WordFrom(word), "|", listed.AsSpan(Listed.Length));

    /// <summary>The prefix of the rows of a word.</summary>
    public static string WordFrom(ReadOnlySpan<byte> word)
    {
        if (JobWords.IsKey(word))
            return Keyed + Convert.ToHexStringLower(word[1..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(word, hash);
        return Worded + Convert.ToHexStringLower(hash[..WordHashLength]);
    }

    /// <summary>The row key in the list of the job of a word's row; null if the text is not the key of a word's row.</summary>
    public static string? ListedOfWord(string rowKey) =>
        rowKey.IndexOf('|', Keyed.Length) is var bar and > 0 && string.Concat(Listed, rowKey.AsSpan(bar + 1)) is var listed && IsListed(listed) ? listed : null;

    /// <summary>Whether a text is a key of the due index.</summary>
    public static bool IsDue(string rowKey) => IsTimed(rowKey, Due);

    /// <summary>The time in a key, and the id after it.</summary>
    public static (DateTimeOffset Time, string Id) ReadDue(string rowKey) => (Time(rowKey, Due), IdAfterTime(rowKey, Due));

    public static (DateTimeOffset Time, string Id) ReadListed(string rowKey) =>
        (new(DateTimeOffset.MaxValue.UtcTicks - Ticks(rowKey, Listed), TimeSpan.Zero), IdAfterTime(rowKey, Listed));

    /// <summary>The parts of the key of an event; null if the text is not one.</summary>
    public static (DateTimeOffset Time, string Id, long Version)? TryReadEvent(string rowKey) =>
        IsTimed(rowKey, Outbox) && rowKey.LastIndexOf('|') is var bar && bar > Outbox.Length + TicksLength
        && rowKey.Length - bar - 1 == TicksLength && long.TryParse(rowKey.AsSpan(bar + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (Time(rowKey, Outbox), IdAfterTime(rowKey[..bar], Outbox), version)
            : null;

    /// <summary>Whether a text is a key of the list; for continuations, which come from outside.</summary>
    public static bool IsListed(string rowKey) =>
        IsTimed(rowKey, Listed) && JobKey.IsValidId(rowKey[(Listed.Length + TicksLength + 1)..]);

    /// <summary>
    /// The row key of a notification: its own key with every byte inverted, so that the greatest sorts first. The terminator sorts after every digit, so that
    /// a longer key sorts before its prefix.
    /// </summary>
    /// <returns>Null if it would be too long for a row key.</returns>
    public static string? Notification(string key)
    {
        // 512 characters of a row key are safe (1 KiB in UTF-16). The key of a chunk is longer by its number.
        var bytes = Encoding.UTF8.GetBytes(key);
        if (bytes.Length is 0 or > 240)
            return null;
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)~bytes[i];
        return Quarantined + Convert.ToHexStringLower(bytes) + "~";
    }

    /// <summary>The notification's own key, from its row key.</summary>
    public static string KeyOfNotification(string rowKey)
    {
        var bytes = Convert.FromHexString(rowKey.AsSpan(Quarantined.Length, rowKey.Length - Quarantined.Length - 1));
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)~bytes[i];
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Whether a text is the row key of a notification.</summary>
    public static bool IsNotification(string rowKey) =>
        rowKey.Length > Quarantined.Length + 1
        && rowKey.StartsWith(Quarantined, StringComparison.Ordinal)
        && rowKey[^1] == '~'
        && !rowKey.AsSpan(Quarantined.Length, rowKey.Length - Quarantined.Length - 1).ContainsAnyExcept(HexDigits);

    /// <summary>The first key of the pieces of a notification's body.</summary>
    public static string ChunksOf(string notification) => string.Concat(Chunks, notification.AsSpan(Quarantined.Length), "|");

    public static string Chunk(string notification, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{ChunksOf(notification)}{number:D4}");

    /// <summary>The row key of the notification of a piece.</summary>
    public static string NotificationOf(string chunk) => string.Concat(Quarantined, chunk.AsSpan(Chunks.Length, chunk.LastIndexOf('|') - Chunks.Length));

    private static string Digits(long number) => number.ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>Whether a text consists of a prefix, a time and a rest.</summary>
    private static bool IsTimed(string rowKey, string prefix) =>
        rowKey.Length > prefix.Length + TicksLength + 1
        && rowKey.StartsWith(prefix, StringComparison.Ordinal)
        && rowKey[prefix.Length + TicksLength] == '|'
        && long.TryParse(rowKey.AsSpan(prefix.Length, TicksLength), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
        && ticks <= DateTimeOffset.MaxValue.UtcTicks;

    private static long Ticks(string rowKey, string prefix) =>
        long.Parse(rowKey.AsSpan(prefix.Length, TicksLength), NumberStyles.None, CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string rowKey, string prefix) => new(Ticks(rowKey, prefix), TimeSpan.Zero);

    private static string IdAfterTime(string rowKey, string prefix) => rowKey[(prefix.Length + TicksLength + 1)..];
}
