using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers.Signatures;
using FopWatch.Watching;

namespace FopWatch.Providers.Wangsu;

/// <summary>The common parts of Wangsu's two APIs (providers.md, section 2).</summary>
internal abstract class WangsuProvider : IProvider
{
    public abstract ProviderKind Kind { get; }

    /// <summary>Wangsu gives up a notification after about five minutes, so the first poll is due right after that.</summary>
    public PollSettings DefaultPoll { get; } = new()
    {
        First = TimeSpan.FromMinutes(6),
        Factor = 1.5,
        Max = TimeSpan.FromMinutes(10),
        Deadline = TimeSpan.FromDays(9),
        PerSecond = 10,
    };

    /// <summary>Null: each customer has its own domain.</summary>
    public Uri? DefaultStatusEndpoint => null;

    /// <summary>The path of the status query, up to the name of its parameter.</summary>
    protected abstract string StatusPath { get; }

    public Decoded Decode(ReportChannel channel, ReadOnlyMemory<byte> body, ReportDetail detail = ReportDetail.Whole)
    {
        if (Read(body, out var problem) is not { } json)
            return Decoded.Not(problem);

        var root = json.Root;
        if (root.Has("detectId") && !root.Has("items"))
            return Decoded.Not("the body is the result of a content detection (detectId), which is no persistent processing job");
        if (IsError(root))
            return Decoded.Not("the body is an error of the API, not a task");
        if (!root.Has("items") && (root.Field("id") is null || root.Integer("code") is null))
            return Decoded.Not("the body is no task");
        if (json.ReadId(channel, out var id) is { } noId)
            return Decoded.Not(noId);
        if (root.ReadObjects("items", out var items) is { } unreadable)
            return Decoded.Not(unreadable);

        var codes = WangsuCodes.Of(channel, root);
        var facts = JobFacts.None with { Bucket = root.Text("inputbucket") ?? root.Text("inputBucket"), Pipeline = root.Text("pipeline") };
        List<(string Bucket, bool Succeeded)> named = facts.Bucket is null ? [.. BucketsOf(items)] : [];
        return Decoded.As(new()
        {
            Id = id,
            Channel = channel,
            Facts = detail == ReportDetail.Subject ? facts : Whole(facts, json, codes, items),
            CommandBuckets = [.. named.Select(one => one.Bucket).Distinct()],
            SucceededBuckets = [.. named.Where(one => one.Succeeded).Select(one => one.Bucket).Distinct()],
            AsksForPoll = codes.AsksForPoll,
            MayLackCommands = codes.MayLackCommands(channel, root),
        });
    }

    private JobFacts Whole(JobFacts subject, JsonBody json, WangsuCodes codes, List<JsonElement> items)
    {
        // A list for the whole job belongs to its command, if it has only one.
        var root = json.Root;
        var common = items.Count == 1 ? root : default;
        return (subject with
        {
            Key = CommandRedaction.RedactUrl(root.Text("inputkey") ?? root.Text("inputKey")),
            RequestId = root.Text("reqid"),
            Progress = codes.Progress,
            Closed = codes.Closed,
            Delivery = codes.Delivery ?? WangsuCodes.DeliveryOf(items),
            Raw = json.Raw(codes.Closed),
        }).WithItems(items.Select(item => ReadItem(item, common)));
    }

    /// <inheritdoc/>
    /// <remarks>Earlier versions stored the file that a delete command names as an output.</remarks>
    public JobFacts Upgrade(JobFacts stored) => stored.Numbering([.. stored.Items.Select(
        item => InputOf(item.Command, item.Outputs.Count == 1 ? item.Outputs[0].Key : null) is { } input
            ? item with { Input = item.Input ?? input, Outputs = [], OutputsCut = false }
            : item)]);

    public Trust Verify(SignedRequest request, KeyRing keys) => WangsuSignature.Verify(request, keys);

    public SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget) =>
        WangsuSignature.Diagnose(request, source, budget);

    public SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key) => WangsuSignature.Notification(url, json, key);

    public Uri StatusUri(Uri statusEndpoint, string id) => ProviderKinds.StatusUri(statusEndpoint, StatusPath, id);

    public PollAnswer Classify(int status) => status switch
    {
        200 => PollAnswer.Report,
        404 => PollAnswer.NotFound,
        429 => PollAnswer.Throttled,
        >= 500 and <= 599 => PollAnswer.Unavailable,
        _ => PollAnswer.Refused,
    };

    public int? ErrorStatus(ReadOnlyMemory<byte> body) =>
        Read(body, out _) is { } json && IsError(json.Root) && json.Root.Integer("code") is >= 100 and <= 599 and var status
            ? (int)status
            : null;

    public bool NotFoundIsToldByBody => true;

    /// <summary>The bucket that a command writes to; null if it names none.</summary>
    protected abstract string? BucketOf(string command);

    /// <summary>The output that a key names, given the bucket that its command writes to.</summary>
    protected abstract OutputFacts Named(string key, string? bucket);

    /// <summary>The input of a command that works on an existing file and creates none; null for other commands.</summary>
    /// <param name="command">The command.</param>
    /// <param name="key">The key that the report names.</param>
    protected virtual InputFacts? InputOf(string command, string? key) => null;

    private static JsonBody? Read(ReadOnlyMemory<byte> body, out string problem)
    {
        body = ByteOrderMark.Skip(body);
        var text = body.Span.TrimStart(" \t\r\n"u8);
        if (text.IsEmpty || text[0] == '{')
            return JsonBody.Read(body, out problem);
        if (Base64Text.Decode(text) is { } json)
            return JsonBody.Read(json, out problem);

        problem = "the body is neither JSON nor Base64";
        return null;
    }

    private IEnumerable<(string Bucket, bool Succeeded)> BucketsOf(IEnumerable<JsonElement> items)
    {
        foreach (var item in items)
        {
            if (item.Text("cmd") is { } command && BucketOf(command) is { } bucket)
                yield return (bucket, WangsuCodes.StateOf(item.Integer("code")) == ItemState.Succeeded);
        }
    }

    private static bool IsError(JsonElement root) => root.Field("message") is not null && root.Field("items") is null;

    private ItemFacts ReadItem(JsonElement item, JsonElement common)
    {
        var command = item.Text("cmd") ?? "";
        var code = item.Integer("code");
        var state = WangsuCodes.StateOf(code);
        var words = item.Words(_ => state);
        var hasOutputs = ItemOutputs.MayHave(state) && InputOf(command, null) is null;
        return new()
        {
            Command = CommandRedaction.Redact(command),
            State = state,
            Code = code,
            Description = words.Description,
            Error = words.Error,
            ErrorCut = words.ErrorCut,
            Input = InputOf(command, item.Text("key")),
            Outputs = hasOutputs ? [.. ReadOutputs(item, common, command)] : [],
            OutputsCut = hasOutputs && (HasBrokenList(item) || HasBrokenList(common)),
        };
    }

    private IEnumerable<OutputFacts> ReadOutputs(JsonElement item, JsonElement common, string command)
    {
        // Computed once: lists and commands can be long.
        var bucket = BucketOf(command);
        return item.Entries("detail")
            .Concat(DecompressedFiles(item))
            .Concat(DecompressedFiles(common))
            .Prepend(item)
            .Select(file => ReadOutput(file, bucket))
            .OfType<OutputFacts>();
    }

    private OutputFacts? ReadOutput(JsonElement file, string? bucket) => file switch
    {
        { ValueKind: JsonValueKind.String } when file.AsText() is { Length: > 0 } name => Named(name, bucket),
        { ValueKind: JsonValueKind.Object } when file.Text("key") is { } key =>
            Named(key, bucket) with { Hash = file.Text("hash"), Url = file.Text("url"), Size = file.Count("fsize") },
        _ => null,
    };

    /// <summary>
    /// The unpacked files. <c>decompresslist</c> is documented as a string: a JSON list, or the name of a file with the list. Arrays were observed too
    /// (providers.md, section 2). Other JSON names no file.
    /// </summary>
    private static IEnumerable<JsonElement> DecompressedFiles(JsonElement holder) =>
        holder.Field("decompresslist") is { ValueKind: JsonValueKind.String } text
            ? JsonText.TryReadList(text.AsText()) ?? (IsName(text.AsText()) ? [text] : [])
            : holder.Entries("decompresslist");

    private static bool IsName(string text) => text.AsSpan().Trim() is not ("" or "null" or ['[' or '{', ..]);

    /// <summary>Whether the list of files is unreadable.</summary>
    private static bool HasBrokenList(JsonElement holder) => holder.Text("decompresslist") is { } text
        && text.AsSpan().TrimStart() is ['[' or '{', ..]
        && JsonText.TryReadList(text) is null;
}
