using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Stored;

/// <summary>The answers of all ports of a store, as JSON in which long values are replaced by their length and a hash.</summary>
public static class StoreAnswers
{
    private const int LongestText = 160;
    private const int MostElements = 24;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Queries a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="sources">The sources whose due jobs are queried.</param>
    public static async Task<JsonObject> OfAsync(IStore store, IEnumerable<string> sources)
    {
        var (all, unreadable) = await ListAsync(store, new());
        var jobs = new JsonObject();
        foreach (var job in all.OrderBy(job => Name(job.Key), StringComparer.Ordinal))
        {
            var found = (await store.Jobs.FindAsync(job.Key, Cancelled))!.Job;
            var byReference = await store.Jobs.FindByReferenceAsync(job.Key.Source, store.Jobs.References.Of(job.Key), Cancelled);
            Assert.Equal((job with { Metadata = Job.NoMetadata }, job.Key), (found with { Metadata = Job.NoMetadata }, byReference?.Key));
            jobs[Name(job.Key)] = Of(found, store.Jobs.References);
        }

        var due = new JsonObject();
        foreach (var source in sources.Order(StringComparer.Ordinal))
            due[source] = Texts((await store.Due.DueAsync(source, DateTimeOffset.MaxValue.AddYears(-1), 1000, Cancelled)).Select(one => $"{Time(one.DueAt)} {one.Key.Id}"));
        var depth = await store.Outbox.DepthAsync(Cancelled);

        // Before the next count.
        var parts = await store.Jobs.PartsAsync(Cancelled);
        return new()
        {
            ["jobs"] = jobs,
            ["lists"] = await ListsAsync(store, all),
            ["unreadable"] = Texts(unreadable),
            ["due"] = due,
            ["outbox"] = await OutboxAsync(store),
            ["depth"] = depth.Count,
            ["oldest"] = depth.Oldest is { } oldest ? Time(oldest) : null,
            ["setAside"] = await store.Outbox.CountSetAsideAsync(Cancelled),
            ["quarantine"] = await QuarantineAsync(store),
            ["books"] = Texts((await store.Jobs.BooksAsync(Cancelled)).Select(Written)),
            ["parts"] = new JsonObject(parts.Select(part => KeyValuePair.Create(part.Name, (JsonNode?)new JsonObject
            {
                ["countedAt"] = part.CountedAt is { } at ? Time(at) : null,
                ["books"] = Texts(part.Books.Select(Written)),
            }))),
            ["unwatched"] = Texts((await store.Jobs.UnwatchedAsync(1000, Cancelled)).Select(Name)),
        };
    }

    public static string Write(JsonObject answers) => answers.ToJsonString(Indented) + "\n";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    public static JsonNode? Body(ReadOnlyMemory<byte> body) => body.IsEmpty ? null : Shortened(JsonNode.Parse(body.Span));

    public static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    private static string Written(Books books) => string.Create(
        CultureInfo.InvariantCulture,
        $"{books.Source}: {books.Registered} registered, {books.Settled} settled, {books.Expired} expired, {books.Open} open, {books.Stopped} stopped");

    private static string Name(JobKey key) => $"{key.Source}/{key.Id}";

    private static JsonObject Of(Job job, JobReferences references)
    {
        var answer = JsonSerializer.SerializeToNode(new WatchedJob(job, references, null), ApiJson.Wire.WatchedJob)!.AsObject();
        return new()
        {
            ["answer"] = Shortened(answer),
            ["origin"] = Camel(job.Origin),
            ["watchStartedAt"] = Time(job.Watch.StartedAt),
            ["deadline"] = Time(job.Watch.Deadline),
            ["pollsSinceThen"] = job.Watch.Polls,
            ["unknown"] = job.Watch.NotFound,
            ["lastAnswer"] = Camel(job.Watch.LastAnswer),
            ["hintedWhileDue"] = job.Watch.HintedWhileDue,
            ["workflow"] = job.Watch.IsWorkflow,
            ["cut"] = Camel(job.Facts.Cut),
            ["raw"] = job.Facts.Raw is { } raw ? Shortened(raw.Json) : null,
        };
    }

    private static async Task<JsonObject> ListsAsync(IStore store, IReadOnlyList<Job> all)
    {
        var lists = new JsonObject { ["all"] = Texts(all.Select(job => Name(job.Key))) };
        foreach (var state in Enum.GetValues<JobState>())
            await AddAsync(Camel(state), new() { States = [state] });
        foreach (var watch in Enum.GetValues<WatchStatus>())
            await AddAsync(Camel(watch), new() { Watches = [watch] });
        foreach (var source in all.Select(job => job.Key.Source).Distinct().Order(StringComparer.Ordinal))
            await AddAsync($"{source}, expired", new() { Source = source, States = [JobState.Expired] });
        return lists;

        async Task AddAsync(string name, JobQuery query) => lists[name] = Texts((await ListAsync(store, query)).Jobs.Select(job => Name(job.Key)));
    }

    private static async Task<(List<Job> Jobs, List<string> Unreadable)> ListAsync(IStore store, JobQuery query)
    {
        var (jobs, unreadable) = (new List<Job>(), new List<string>());
        do
        {
            var page = await store.Jobs.ListAsync(query with { Top = 10 }, Cancelled);
            jobs.AddRange(page.Elements);
            unreadable.AddRange(page.Unreadable);
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
        return (jobs, unreadable);
    }

    private static async Task<JsonArray> OutboxAsync(IStore store) =>
    [
        .. (await store.Outbox.PendingAsync(1000, Cancelled)).Select(one => (JsonNode)new JsonObject
        {
            ["id"] = one.Id,
            ["job"] = Name(one.Key),
            ["version"] = one.Version,
            ["type"] = one.Type,
            ["time"] = Time(one.Time),
            ["refusals"] = one.Refusals,
            ["problem"] = one.Problem,
            ["body"] = Body(one.Body),
        }),
    ];

    private static async Task<JsonArray> QuarantineAsync(IStore store)
    {
        var kept = new JsonArray();
        string? continuation = null;
        do
        {
            var page = await store.Quarantine.ListAsync(null, 2, continuation, Cancelled);
            foreach (var one in page.Elements)
            {
                kept.Add(new JsonObject
                {
                    ["key"] = one.Key,
                    ["source"] = one.Source,
                    ["correlation"] = one.Correlation,
                    ["reason"] = one.Reason,
                    ["receivedAt"] = Time(one.ReceivedAt),
                    ["url"] = one.Url.OriginalString,
                    ["headers"] = Texts(one.Headers.Select(header => $"{header.Key}: {header.Value}")),
                    ["body"] = Shortened(Encoding.Latin1.GetString(one.Body.Span)),
                });
            }

            continuation = page.Continuation;
        }
        while (continuation is not null);
        return kept;
    }

    private static JsonNode? Shortened(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Shortened(member.Value)))),
        JsonArray { Count: > MostElements } elements => $"{elements.Count} elements, {Hash(elements.ToJsonString(Indented))}",
        JsonArray elements => new JsonArray([.. elements.Select(Shortened)]),
        JsonValue value when value.TryGetValue<string>(out var text) => Shortened(text),
        _ => node?.DeepClone(),
    };

    private static string Shortened(string text) => text.Length <= LongestText ? text : $"{text[..32]}… {text.Length} characters, {Hash(text)}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));

    private static string Camel<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
