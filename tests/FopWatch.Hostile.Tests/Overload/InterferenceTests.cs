using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using FopWatch.Api;
using FopWatch.Hostile.Tests.Http;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>
/// The effect of each kind of load on every other, as a share of that load's rate alone, in one run. <c>FOPWATCH_INTERFERENCE_SECONDS</c>
/// sets how long each is measured. Without it, only intake is measured beside everything, and polls and searches beside loads that could delay them, for moments.
/// </summary>
[Collection(nameof(OverloadTests))]
public class InterferenceTests
{
    /// <summary>
    /// The share of its rate alone that intake must keep beside any load. Two equal loads on one machine have half each. A busy machine
    /// has slow moments, so a smaller share is measured again.
    /// </summary>
    private const double LeastIntake = 0.25;

    /// <summary>A poll is several requests, each of which waits behind the other load.</summary>
    private const double LeastPolls = 0.05;

    /// <summary>The share that searches must keep beside lists, for which they do not wait.</summary>
    private const double LeastSearches = 0.05;

    private const int Tries = 4;

    private static readonly double? LongRun =
        double.TryParse(Environment.GetEnvironmentVariable("FOPWATCH_INTERFERENCE_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(LongRun ?? 0.4);

    private readonly Dictionary<LoadKind, List<double>> _alone = [];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 1_800_000)]
    public async Task Every_kind_of_load_leaves_every_other_its_share()
    {
        await using var status = await StatusStub.StartAsync();
        var folder = LongRun is { } seconds ? await OldHistory.CreateAsync((int)(40_000 * seconds)) : null;
        using var host = await StartAsync(status, folder);
        using var http = ClientOf(host);
        var (reference, open) = await PrepareAsync(http, notifications: 3000);
        LoadKind[] kinds =
        [
            LoadKind.Notifications(http),
            LoadKind.Polls(http, open),
            LoadKind.Registrations(http),
            LoadKind.LargeBodies(http),
            LoadKind.Lists(http),
            LoadKind.Searches(http, reference),
            LoadKind.CatchingUp(http),
        ];
        LoadKind[] followers = [LoadKind.Followers(http, 20), LoadKind.Followers(http, 100)];
        var (intake, polls, lists, searches) = (kinds[0], kinds[1], kinds[4], kinds[5]);

        // The purge runs from the start.
        var purging = new Dictionary<LoadKind, double>();
        if (folder is not null)
        {
            foreach (var kind in kinds)
                purging[kind] = (await MeasureAsync(kind))[0];
            Assert.True(OldHistory.Left(folder) > 0, "The purge ended before its effect was measured.");
            while (OldHistory.Left(folder) > 0)
                await Task.Delay(100, Cancelled);
        }

        LoadKind[] all = [.. kinds, .. followers];
        var shares = new Dictionary<(LoadKind Of, string Beside), double>();
        foreach (var kind in LongRun is null ? [intake, polls, searches] : kinds)
        {
            var others = LongRun is not null || kind == intake ? all.Where(other => other != kind)
                : kind == polls ? [intake, .. kinds[4..], followers[1]]
                : [lists];
            foreach (var other in others)
                shares[(kind, other.Name)] = await ShareAsync(kind, other, Least(kind, other.Name));
        }

        foreach (var (kind, rate) in purging)
            shares[(kind, "purge")] = rate / _alone[kind].Average();
        Figures.Write($"interference: of | alone | {string.Join(" | ", all.Select(kind => kind.Name))} | purge");
        foreach (var kind in kinds.Where(_alone.ContainsKey))
        {
            var row = all.Select(other => other.Name).Append("purge").Select(other => shares.TryGetValue((kind, other), out var share) ? Percent(share) : "–");
            Figures.Write(string.Create(CultureInfo.InvariantCulture, $"interference: {kind.Name} | {_alone[kind].Average():0}/s | {string.Join(" | ", row)}"));
        }

        // Beside the purge the host has just started, and its rate alone is measured later, so the result is only a figure.
        // The other shares are only figures. Nothing is lost if a list or a search waits.
        Assert.All(shares.Where(share => share.Key.Beside != "purge"), share => Assert.True(
            share.Value >= Least(share.Key.Of, share.Key.Beside),
            $"{share.Key.Of.Name} keep {Percent(share.Value)} beside {share.Key.Beside}"));
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);

        double Least(LoadKind of, string beside) =>
            of == intake ? LeastIntake : of == polls ? LeastPolls : of == searches && beside == lists.Name ? LeastSearches : 0;
    }

    [Fact(Timeout = 600_000)]
    public async Task A_body_that_waits_for_a_decoding_turn_is_hardly_slower_than_one_that_needs_none()
    {
        await using var status = await StatusStub.StartAsync();
        using var host = await StartAsync(status, folder: null);
        using var http = ClientOf(host);
        await PrepareAsync(http, notifications: 2000);
        var (without, with) = (LoadKind.Bodies(http, DecodeTurns.LargeBody), LoadKind.Bodies(http, DecodeTurns.LargeBody + 500));

        // The first run of each is a warm-up.
        await MeasureAsync(without);
        await MeasureAsync(with);
        var (most, line) = (0d, "");
        for (var tries = 0; tries < Tries && most < 0.5; tries++)
        {
            var (rateWithout, rateWith) = ((await MeasureAsync(without))[0], (await MeasureAsync(with))[0]);
            most = rateWith / rateWithout;
            line = string.Create(
                CultureInfo.InvariantCulture,
                $"turn to decode: {rateWithout:0}/s of {DecodeTurns.LargeBody} bytes, which need none, {rateWith:0}/s of {DecodeTurns.LargeBody + 500}, which do");
        }

        Figures.Write(line);
        Assert.True(most >= 0.5, line);
    }

    private static Task<HostProcess> StartAsync(StatusStub status, string? folder) => HostProcess.StartAsync(
        new()
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = status.Endpoint.AbsoluteUri,
            ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
            ["Sources:media:Trust"] = "Token",
            ["Sources:media:Poll:First"] = "01:00:00",
            ["Sources:media:Poll:PerSecond"] = "10000",
        },
        logLevel: "Warning",
        folder);

    private static HttpClient ClientOf(HostProcess host) => new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000, UseProxy = false })
    {
        BaseAddress = host.Url,
        Timeout = TimeSpan.FromMinutes(5),
    };

    /// <summary>The rate of one load beside another as a share of its rate alone just before; the best of several tries if that is too small.</summary>
    private async Task<double> ShareAsync(LoadKind kind, LoadKind other, double least)
    {
        var best = 0d;
        for (var tries = 0; tries < Tries && best <= least; tries++)
        {
            var alone = (await MeasureAsync(kind))[0];
            if (alone == 0)
                continue;
            if (!_alone.TryGetValue(kind, out var rates))
                _alone[kind] = rates = [];
            rates.Add(alone);
            best = Math.Max(best, (await MeasureAsync(kind, other))[0] / alone);
        }

        return best;
    }

    /// <summary>The rate of each load per second while all run together.</summary>
    private static async Task<double[]> MeasureAsync(params LoadKind[] kinds)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var running = kinds.Select(kind => kind.RunAsync(over.Token)).ToList();
        await Task.Delay(Window / 2, Cancelled);
        var (began, before) = (Stopwatch.GetTimestamp(), kinds.Select(kind => kind.Done).ToList());
        await Task.Delay(Window, Cancelled);
        var (took, after) = (Stopwatch.GetElapsedTime(began).TotalSeconds, kinds.Select(kind => kind.Done).ToList());
        await over.CancelAsync();
        await Task.WhenAll(running);
        await Task.Delay(100, Cancelled);
        return [.. before.Zip(after, (was, now) => (now - was) / took)];
    }

    /// <summary>Creates jobs to list, search for and poll. This is also the warm-up.</summary>
    private static async Task<(string Reference, IReadOnlyList<string> Open)> PrepareAsync(HttpClient http, int notifications)
    {
        var load = LoadKind.Notifications(http);
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var sending = load.RunAsync(enough.Token);
        while (load.Done < notifications)
            await Task.Delay(10, Cancelled);
        await enough.CancelAsync();
        await sending;

        string[] open = [.. Enumerable.Range(0, 500).Select(i => $"z0.open{i}")];
        (await http.PostAsJsonAsync("/api/jobs", open.Select(id => new { source = "media", id }), Cancelled)).EnsureSuccessStatusCode();
        var job = await http.GetFromJsonAsync($"/api/jobs/media/{open[0]}", ApiJson.Default.WatchedJob, Cancelled);
        return (job!.Ref, open);
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %");
}
