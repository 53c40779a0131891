using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>The rows of a job: its own, and the one in the list.</summary>
internal static class JobRows
{
    // Longer than any value that an operator would search for; the body has the whole value.
    private const int MaxScalar = 1024;

    /// <summary>
    /// The row of a job, and the id of its commit: a hash of the whole commit, including the version that it is based on. If two callers commit the same on the
    /// same version, both may get success. The length is that of the whole document; the row may have a shortened one.
    /// </summary>
    public static (TableEntity Row, string CommitId, int WholeLength) Of(string partition, JobCommit commit)
    {
        var job = commit.Job;
        var body = JobJson.Serialize(job);
        var wholeLength = body.Length;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{commit.ETag}\n{commit.Event?.Id}\n"));
        hash.AppendData(body);
        var commitId = Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));

        var row = new TableEntity(partition, RowKeys.Job(job.Key.Id));
        for (var kept = job; !BodyColumns.TryWriteText(row, body); body = JobJson.Serialize(kept))
            kept = Shorter(kept, job.Timeline) ?? throw new InvalidDataException("A job does not fit into a row even without its items.");

        row[Columns.Source] = job.Key.Source;
        row[Columns.Id] = job.Key.Id;
        row[Columns.State] = WireNames.Of(job.State);
        row[Columns.Settled] = job.IsSettled;
        row[Columns.Stopped] = job.WatchStatus == WatchStatus.Stopped;
        if (job.IsOverdue)
            row[Columns.Overdue] = true;
        row["SettledBy"] = job.SettledBy is { } by ? WireNames.Of(by) : null;
        row[Columns.RegisteredAt] = job.RegisteredAt;
        row["UpdatedAt"] = job.UpdatedAt;
        row[Columns.SettledAt] = job.SettledAt;
        row[Columns.DueAt] = job.Watch.DueAt;
        row["Version"] = job.Version;
        row[Columns.Words] = StoredWords.Write(JobWords.Of(job));
        row[Columns.Bucket] = Scalar(job.Facts.Bucket);
        row[Columns.Key] = Scalar(job.Facts.Key);
        row["Pipeline"] = Scalar(job.Facts.Pipeline);
        row["RequestId"] = Scalar(job.Facts.RequestId);
        row[Columns.Commit] = commitId;
        return (row, commitId, wholeLength);
    }

    /// <summary>The next shorter form of a job: without its timeline, or else with its timeline and a further cut of its facts; null if there is none.</summary>
    private static Job? Shorter(Job job, Timeline timeline) =>
        job.Timeline.Cut() is var cut && cut != job.Timeline ? job with { Timeline = cut }
        : job.Facts.Cut < FactsCut.Texts ? job with { Facts = job.Facts.CutTo(job.Facts.Cut + 1), Timeline = timeline }
        : null;

    /// <summary>The row for lists, the books and the purge, in the order of registration. Written with every commit.</summary>
    public static TableEntity Listed(string partition, Job job) => new(partition, RowKeys.ListedAt(job.RegisteredAt, job.Key.Id))
    {
        [Columns.State] = WireNames.Of(job.State),
        [Columns.Settled] = job.IsSettled,
        [Columns.Stopped] = job.WatchStatus == WatchStatus.Stopped,
        [Columns.DueAt] = job.Watch.DueAt,
        [Columns.SettledAt] = job.IsSettled ? job.SettledAt ?? job.UpdatedAt : null,
        [Columns.Overdue] = job.IsOverdue ? true : null,
        [Columns.HasReference] = true,
        [Columns.Words] = StoredWords.Write(JobWords.Of(job)),
    };

    /// <summary>The watch status of a job, from its row in the list.</summary>
    public static WatchStatus WatchOf(TableEntity listed) => Standing.Read(listed) switch
    {
        { State: var state, Settled: true } when state != WireNames.Of(JobState.Expired) => WatchStatus.Done,
        { Stopped: true } => WatchStatus.Stopped,
        { Settled: true, DueAt: null } => WatchStatus.GivenUp,
        _ => WatchStatus.Watching,
    };

    /// <summary>A value from the provider, without control characters and cut in length, as the service requires.</summary>
    private static string? Scalar(string? text) =>
        text is null ? null : string.Concat(text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxScalar));

    /// <exception cref="UnreadableJobException">The job's row is damaged.</exception>
    public static StoredJob Read(TableEntity row, JobKey key)
    {
        if (TryRead(row, key, out var job, out var problem) is null)
            throw new UnreadableJobException(new UnreadableJob(key, Revision.Of(row).ToString(), problem!));

        // If the column is damaged, the time in the due index comes from the document.
        var revision = Revision.Of(row);
        return new(job!, (revision with { DueAt = revision.DueAt ?? job!.Watch.DueAt }).ToString()) { IsIndexed = revision.DueAt is not null };
    }

    /// <returns>The length of its document; null if it cannot be read.</returns>
    public static int? TryRead(TableEntity row, JobKey key, out Job? job, out string? problem)
    {
        (job, problem) = (null, "its body is damaged");
        return BodyColumns.TryReadText(row) is { } body && JobJson.TryDeserialize(body, key, out job, out problem) ? body.Length : null;
    }

    /// <summary>The key of the job of a row.</summary>
    public static JobKey KeyOf(TableEntity row) => new(RowKeys.SourceOf(row.PartitionKey), row.RowKey[RowKeys.Jobs.Length..]);
}

/// <summary>
/// The base of a commit: the ETag of the job's row, its time in the due index, whether it is in the list of overdue jobs, and its words that have rows. With it,
/// a commit can update the indexes without reading the job again.
/// </summary>
/// <param name="ETag">The ETag.</param>
/// <param name="DueAt">Its time in the due index; null if it is not there.</param>
/// <param name="IsOverdue">Whether it is in the list of overdue jobs.</param>
/// <param name="Words">Its words as <see cref="StoredWords"/> wrote them, in Base64; empty if unknown.</param>
internal readonly record struct Revision(ETag ETag, DateTimeOffset? DueAt, bool IsOverdue, string Words)
{
    private const char Overdue = '!';

    public static Revision Of(TableEntity row) =>
        new(row.ETag, row.Time(Columns.DueAt), row.Flag(Columns.Overdue) == true, TextOf(row.Bytes(Columns.Words)));

    public static string TextOf(byte[]? words) => Base64Url.EncodeToString(words ?? []);

    /// <returns>Null if <see cref="ToString"/> did not write the text.</returns>
    public static Revision? Read(string text)
    {
        if (text.Split('|', 3) is not [var due, var words, { Length: > 0 } etag] || !Base64Url.IsValid(words))
            return null;
        var isOverdue = due.EndsWith(Overdue);
        due = isOverdue ? due[..^1] : due;
        if (due.Length == 0)
            return new(new ETag(etag), null, isOverdue, words);
        return long.TryParse(due, out var ticks) && ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks
            ? new(new ETag(etag), new(ticks, TimeSpan.Zero), isOverdue, words)
            : null;
    }

    public override string ToString() => $"{DueAt?.UtcTicks}{(IsOverdue ? Overdue : null)}|{Words}|{ETag}";
}
