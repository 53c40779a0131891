using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.PortContracts.Http;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Tests.Running;

/// <summary>Answers that only the app under a real Functions host gives.</summary>
[Collection(nameof(RunningApp))]
public sealed class FunctionsHostHttpTests(RunningApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_except_those_of_providers_needs_the_function_key()
    {
        await using var host = await app.EmptiedAsync();
        Assert.SkipUnless(FunctionsHost.AsksForKeys, "Core Tools require no keys.");
        using var stranger = new HttpClient { BaseAddress = host.Http.BaseAddress };

        foreach (var path in (string[])["/api/jobs", "/api/quarantine", "/openapi.json", "/health/ready"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path, Cancelled)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(path, Cancelled)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.PostAsync("/api/doctor", null, Cancelled)).StatusCode);
        using var body = new StringContent("""{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""");
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/notify/media/{ServedHost.Token}", body, Cancelled)).StatusCode);
        using var form = new FormUrlEncodedContent([new("persistentId", "z0.b")]);
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/uploads/media/{ServedHost.Token}", form, Cancelled)).StatusCode);
    }

    /// <summary>
    /// The host chooses the function by its own reading of the path, and the worker reads the path again. The anonymous functions must not lead to the routes
    /// of the others.
    /// </summary>
    [Theory]
    [InlineData("/api/notify/%252e%252e/jobs")]
    [InlineData("/api/notify/..%2fjobs")]
    [InlineData("/api/notify/%2e%2e/jobs")]
    [InlineData("/api/uploads/%252e%252e/jobs")]
    [InlineData("/api/uploads/..%2fjobs")]
    [InlineData("/api/uploads/..%5cjobs")]
    [InlineData("/ui/%252e%252e/api/jobs")]
    [InlineData("/ui/%25252e%25252e/api/jobs")]
    [InlineData("/keyed/%252e%252e/api/jobs")]
    [InlineData("/keyed/..%5capi/jobs")]
    public async Task No_spelling_of_a_path_leads_from_an_anonymous_function_to_a_route_that_needs_a_key(string path)
    {
        await using var host = await app.EmptiedAsync();
        Assert.SkipUnless(FunctionsHost.AsksForKeys, "Core Tools require no keys.");

        var status = await RawRequest.StatusAsync(host.Http.BaseAddress!, $"GET {path} HTTP/1.1", Cancelled);

        Assert.True(status is 401 or 404 or 405, $"{path} is answered {status}.");
    }

    /// <summary>Functions hosts before the fix of azure-functions-host issue 10934 forward a client's own header in place of theirs.</summary>
    [Theory]
    [InlineData("x-ms-invocation-id", "0b9c1d3c-3d5e-4f0c-8d56-0f6a5b1d7e11")]
    [InlineData("X-MS-Invocation-ID", "anything")]
    [InlineData("x-ms-invocation-id", "one,two")]
    public async Task A_clients_invocation_id_breaks_neither_its_request_nor_the_next(string header, string value)
    {
        await using var host = await app.EmptiedAsync();
        for (var i = 0; i < 3; i++)
        {
            using var notification = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/media/{ServedHost.Token}")
            {
                Content = new StringContent($$"""{"id":"z0.{{i}}","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}"""),
            };
            notification.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(notification, Cancelled)).StatusCode);

            using var question = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/media/z0.{i}");
            question.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(question, Cancelled)).StatusCode);
            Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", $"z0.{i}")).State);
        }
    }

    [Fact]
    public async Task The_doctor_finds_no_fault_in_the_apps_dependencies()
    {
        await using var host = await app.EmptiedAsync();

        using var answer = await host.PostAsync("/api/doctor");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var report = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.DoctorReport, Cancelled))!;
        foreach (var check in (DoctorCheck[])[DoctorCheck.Tables, DoctorCheck.TaskHub, DoctorCheck.Clock])
            Assert.All(report.Findings.Where(finding => finding.Check == check && finding.Source is null), finding => Assert.True(finding.Level == DoctorLevel.Pass, $"{finding}"));
        Assert.Superset(
            new HashSet<DoctorCheck> { DoctorCheck.Tables, DoctorCheck.TaskHub, DoctorCheck.Clock }, report.Findings.Select(finding => finding.Check).ToHashSet());
    }

    [Fact]
    public async Task The_host_lists_every_function_of_the_app()
    {
        await using var host = await app.EmptiedAsync();
        var functions =
            from type in typeof(CloudSettings).Assembly.GetTypes()
            from method in type.GetMethods()
            let function = method.GetCustomAttribute<FunctionAttribute>()
            where function is not null
            select function.Name;

        Assert.Equal(functions.Order(StringComparer.Ordinal), (await app.FunctionsAsync()).Order(StringComparer.Ordinal));
    }

    /// <summary>The host refuses to start a running watch with its own message, which the app must recognise.</summary>
    [Fact]
    public async Task A_hint_wakes_a_sleeping_watch()
    {
        await using var host = await app.EmptiedAsync();
        const string Hint = """{"id":"z0.asleep","code":0,"items":[]}""";
        host.StatusApi.Answers["z0.asleep"] = (200, """{"id":"z0.asleep","code":2,"items":[{"cmd":"avthumb/mp4","code":2}]}"""u8.ToArray());
        await host.NotifyAsync("signed", Hint);
        while ((await host.JobAsync("signed", "z0.asleep")).Polls == 0)
            await Task.Delay(100, Cancelled);

        // Otherwise it would sleep for two more minutes.
        host.StatusApi.Answers["z0.asleep"] = (200, """{"id":"z0.asleep","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}"""u8.ToArray());
        await Task.Delay(PollPlan.HintSpacing, Cancelled);
        await host.NotifyAsync("signed", Hint);

        var job = await host.JobAsync("signed", "z0.asleep", "?wait=30");
        Assert.Equal((JobState.Succeeded, 2), (job.State, job.Polls));
    }
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostRegistrationTests(RunningApp app) : RegistrationContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostParameterTests(RunningApp app) : ParameterContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostNotificationTests(RunningApp app) : NotificationContract
{
    protected override bool IsMeasuredHere => false;

    protected override bool RoutesEmptySegments => false;

    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostWithheldBodyTests(RunningApp app) : WithheldBodyContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostSignatureTests(RunningApp app) : SignatureContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostScopeTests(RunningApp app) : ScopeContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostListTests(RunningApp app) : ListContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostBulkTests(RunningApp app) : BulkContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostBodyTests(RunningApp app) : BodyContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostWatchTests(RunningApp app) : WatchContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

/// <summary>The contract of troubles on a separate app under a real Functions host: the shared one has seen some.</summary>
[Collection(nameof(KilledHostTests))]
public sealed class FunctionsHostTroubleTests(RunningApp app) : TroubleContract, IClassFixture<RunningApp>
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostActingTests(RunningApp app) : ActingContract
{
    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostErrorTests(RunningApp app) : ErrorContract
{
    protected override bool IsReachedDirectly => false;

    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}

/// <summary>The access contract on the app under a real Functions host, which checks function keys.</summary>
[Collection(nameof(RunningApp))]
public sealed class FunctionsHostAccessTests(RunningApp app) : AccessContract
{
    protected override string Prefix => "/keyed";

    protected override HttpClient LetInWithoutKey(ServedHost host) => host.Http;

    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();

    protected override IEnumerable<string>? RoutesOf(ServedHost host) => null;
}

[Collection(nameof(RunningApp))]
public sealed class FunctionsHostDashboardTests(RunningApp app) : DashboardContract
{
    protected override bool IsReachedDirectly => false;

    protected override async Task<ServedHost> StartAsync() => await app.EmptiedAsync();
}
