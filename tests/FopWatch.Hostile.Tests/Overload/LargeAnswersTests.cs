using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Data.Sqlite;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>A status API whose answers have the maximum size.</summary>
[Collection(nameof(OverloadTests))]
public class LargeAnswersTests
{
    private const int Jobs = 4;

    /// <summary>The limit of the process's physical memory, in bytes.</summary>
    private const long MostMemory = 1028L * 1024 * 1024;

    /// <summary>The limit together with as many large bodies as may be held.</summary>
    private const long MostMemoryWithBodies = 1536L * 1024 * 1024;

    /// <summary>The maximum size of an event, and of a job, in bytes.</summary>
    private const long MostStored = 8L * 1024 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 240_000)]
    [InlineData("outputs")]
    [InlineData("commands")]
    [InlineData("members")]
    public async Task Four_concurrent_answers_of_the_maximum_size_neither_fill_the_memory_nor_make_large_events(string many)
    {
        await using var api = await LargeAnswers.StartAsync(many);
        using var host = await HostProcess.StartAsync(new()
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = api.Endpoint,
            ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
            ["Sources:media:Domains:bucket"] = "https://cdn.example.com/a/path/of/some/length",
            ["Sources:media:Poll:PerSecond"] = "100",
        });
        using var http = new HttpClient { BaseAddress = host.Url };
        var before = host.Memory;

        var ids = Enumerable.Range(0, Jobs).Select(i => $"z0.large{i}").ToList();
        using var registered = await http.PostAsJsonAsync("/api/jobs", ids.Select(id => new { source = "media", id, firstPollAfter = 0 }), Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, registered.StatusCode);
        while (Settled(host.Folder) < Jobs)
            await Task.Delay(100, Cancelled);

        var (job, stored) = (Largest(host.Folder, "SELECT max(length(body)) FROM jobs"), Largest(host.Folder, "SELECT max(length(body)) FROM (SELECT body FROM events UNION ALL SELECT body FROM outbox)"));
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"large answers: {Jobs} of {FopWatchSettings.Read([]).MaxAnswerBytes} bytes with many {many} at once; memory {before >> 20} MiB before, {host.PeakMemory >> 20} MiB at most; jobs of at most {job / 1024} KiB, events of at most {stored / 1024} KiB");
        Figures.Write(line);
        TestContext.Current.SendDiagnosticMessage(line);
        Assert.True(host.PeakMemory < MostMemory, line);
        Assert.InRange(stored, 1, MostStored);
        Assert.InRange(job, 1, MostStored);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
    }

    [Theory(Timeout = 240_000)]
    [InlineData("outputs")]
    [InlineData("commands")]
    [InlineData("members")]
    public async Task Concurrent_large_answers_and_large_bodies_of_several_sources_do_not_fill_the_memory(string many)
    {
        await using var api = await LargeAnswers.StartAsync(many);
        string[] sources = ["media", "second", "third"];
        using var host = await HostProcess.StartAsync(sources.SelectMany(source => new KeyValuePair<string, string?>[]
        {
            new($"Sources:{source}:Provider", "Qiniu"),
            new($"Sources:{source}:StatusEndpoint", api.Endpoint),
            new($"Sources:{source}:NotifyTokens:0", AttackedHost.Token),
            new($"Sources:{source}:Trust", "Token"),
            new($"Sources:{source}:Poll:PerSecond", "100"),
        }).ToDictionary());
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200, UseProxy = false }) { BaseAddress = host.Url, Timeout = TimeSpan.FromMinutes(3) };

        var jobs = sources.SelectMany(source => Enumerable.Range(0, Jobs).Select(i => new { source, id = $"z0.large{i}", firstPollAfter = 0 })).ToList();
        using var registered = await http.PostAsJsonAsync("/api/jobs", jobs, Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, registered.StatusCode);
        var body = LargeAnswers.Body("z0.notified", many, FopWatchSettings.Read([]).MaxBodyBytes);
        var kept = 0;
        await Parallel.ForAsync(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 60, CancellationToken = Cancelled }, async (i, token) =>
        {
            using var content = new ByteArrayContent(body);
            using var answer = await http.PostAsync($"/api/notify/{sources[i % sources.Length]}/{AttackedHost.Token}", content, token);
            if (answer.StatusCode == HttpStatusCode.OK)
                Interlocked.Increment(ref kept);
            else
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        });
        while (Settled(host.Folder) < jobs.Count)
            await Task.Delay(100, Cancelled);

        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"large answers and bodies: {jobs.Count} of {FopWatchSettings.Read([]).MaxAnswerBytes} bytes and 60 of {body.Length} with many {many} at once, {kept} of these acknowledged; memory {host.PeakMemory >> 20} MiB at most");
        Figures.Write(line);
        TestContext.Current.SendDiagnosticMessage(line);
        Assert.True(kept > 0, line);
        Assert.True(host.PeakMemory < MostMemoryWithBodies, line);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
    }

    private static long Settled(string folder) => Largest(folder, "SELECT count(*) FROM jobs WHERE settled_at IS NOT NULL");

    private static long Largest(string folder, string sql)
    {
        using var file = new SqliteConnection($"Data Source={Path.Combine(folder, "fopwatch.db")};Pooling=false;Mode=ReadOnly");
        file.Open();
        using var command = file.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long number ? number : 0;
    }

    /// <summary>Answers about any id, with a body of the maximum size made of as many small parts as fit.</summary>
    private sealed class LargeAnswers : IAsyncDisposable
    {
        private readonly WebApplication _web;

        private LargeAnswers(WebApplication web) => _web = web;

        public string Endpoint => _web.Urls.Single();

        public static async Task<LargeAnswers> StartAsync(string many)
        {
            var length = FopWatchSettings.Read([]).MaxAnswerBytes;
            var builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            var web = builder.Build();
            web.Run(async context =>
            {
                var body = Body(context.Request.Query["id"].ToString(), many, length);
                context.Response.ContentLength = body.Length;
                await context.Response.Body.WriteAsync(body, context.RequestAborted);
            });
            await web.StartAsync(Cancelled);
            return new(web);
        }

        public ValueTask DisposeAsync() => _web.DisposeAsync();

        public static byte[] Body(string id, string many, int length)
        {
            var (before, part, after) = many switch
            {
                "outputs" => ("\"items\":[{\"cmd\":\"unzip\",\"code\":0,\"keys\":[", (Func<int, string>)(i => $"\"{i:x5}\""), "]}]"),
                "commands" => ("\"items\":[", i => $"{{\"cmd\":\"avthumb/mp4/{i:x}|saveas/{new string('A', 800)}\",\"code\":0}}", "]"),
                _ => ("\"items\":[{\"cmd\":\"avinfo\",\"code\":0,\"result\":{", i => $"\"{i:x}\":0", "}}]"),
            };
            var body = new StringBuilder($"{{\"id\":\"{id}\",\"code\":0,\"inputBucket\":\"bucket\",{before}");
            for (var i = 0; body.Length + 1024 + after.Length < length; i++)
                body.Append(i == 0 ? "" : ",").Append(part(i));
            return Encoding.UTF8.GetBytes(body.Append(after).Append('}').ToString());
        }
    }
}
