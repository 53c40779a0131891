using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FopWatch.Dashboard.Tests;

/// <summary>
/// How soon pages are painted, and whether many events freeze them. The figures are in docs/performance.md. A run takes minutes and needs an idle machine:
/// <c>FopWatch.Dashboard.Tests -explicit only -class '*SpeedTests' -showLiveOutput</c>.
/// </summary>
public sealed class SpeedTests(Chromium chromium)
{
    private const int Jobs = 1_000_000;
    private const int Old = 100_000;
    private const int Events = 5000;
    private const int Repetitions = 9;

    // Set once the rows of a table have been painted: in a task after the frame that contains them.
    private const string PaintMark = """
        new MutationObserver((_, observer) => {
            if (!document.querySelector('table.jobs tbody tr')) return;
            observer.disconnect();
            requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = () => performance.mark('rows painted'); channel.port2.postMessage(0); });
        }).observe(document, { childList: true, subtree: true });
        """;

    private const string Painted = """
        () => {
            const answer = performance.getEntriesByType('resource').find(entry => /\/api\/jobs\?/.test(entry.name));
            const mark = performance.getEntriesByName('rows painted')[0];
            return mark && answer ? [answer.responseEnd - answer.requestStart, mark.startTime - answer.responseEnd, mark.startTime] : null;
        }
        """;

    private const string Frames = """
        () => {
            window.gaps = []; window.tasks = [];
            let last = performance.now();
            const frame = now => { gaps.push(now - last); last = now; requestAnimationFrame(frame); };
            requestAnimationFrame(frame);
            new PerformanceObserver(list => tasks.push(...list.getEntries().map(entry => entry.duration))).observe({ type: 'longtask' });
        }
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task The_first_list_of_a_million_jobs_is_painted_within_300_ms_of_the_answer()
    {
        using var host = await StartAsync();
        await RegisterAsync(host, Old, "z0.old");
        await RegisterAsync(host, Jobs - Old, "z0.many");
        Report($"{Jobs} jobs");
        foreach (var hash in (string[])["#/jobs", "#/jobs?state=waiting", "#/jobs?id=z0.many0899", "#/jobs?id=z0.old", "#/jobs?metadata.lesson=7"])
        {
            var runs = new List<double[]>();
            for (var i = 0; i < Repetitions; i++)
            {
                await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/icon.svg"));
                await tab.Page.AddInitScriptAsync(PaintMark);
                await tab.Page.GotoAsync(new Uri(host.Url, $"/ui/{hash}").AbsoluteUri);
                double[]? times = null;
                await Eventually.HoldsAsync(async () => (times = await tab.Page.EvaluateAsync<double[]?>(Painted)) is not null);
                runs.Add(times!);
            }

            Report($"{hash}: answer {Row(0)}; answer to painted {Row(1)}; navigation to painted {Row(2)}");
            Assert.InRange(Median(1), 0, 300);

            double Median(int column) => runs.Select(run => run[column]).Order().ElementAt(Repetitions / 2);
            string Row(int column) => string.Create(CultureInfo.InvariantCulture, $"median {Median(column):0} ms, longest {runs.Max(run => run[column]):0} ms");
        }
    }

    [Theory(Explicit = true)]
    [InlineData("#/live")]
    [InlineData("#/jobs")]
    [InlineData("#/overview")]
    public async Task Thousands_of_events_a_minute_do_not_freeze_a_page(string hash)
    {
        using var host = await StartAsync();
        await RegisterAsync(host, Events, "z0.live");
        await using var tab = await chromium.OpenAsync(new(host.Url, $"/ui/{hash}"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.EvaluateAsync(Frames);

        using var http = new HttpClient { BaseAddress = host.Url };
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForAsync(0, Events, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancelled }, async (number, cancelled) =>
        {
            if (TimeSpan.FromMinutes((double)number / Events) - Stopwatch.GetElapsedTime(began) is var early && early > TimeSpan.Zero)
                await Task.Delay(early, cancelled);
            using var content = new StringContent(SeededHost.Report(Id("z0.live", number), 0), Encoding.UTF8, "application/json");
            (await http.PostAsync($"/api/notify/media/{SeededHost.Token}", content, cancelled)).EnsureSuccessStatusCode();
        });

        var gaps = await tab.Page.EvaluateAsync<double[]>("() => gaps");
        var tasks = await tab.Page.EvaluateAsync<double[]>("() => tasks");
        Report(string.Create(
            CultureInfo.InvariantCulture,
            $"{hash}: {Events} events in {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s; {gaps.Length} frames, longest gap {gaps.Max():0} ms; {tasks.Length} tasks over 50 ms, longest {tasks.DefaultIfEmpty().Max():0} ms"));
        Assert.InRange(gaps.Max(), 0, 500);
        Assert.Empty(tab.Errors);
    }

    private static Task<HostProcess> StartAsync()
    {
        // No poll is due during a measurement.
        var settings = SeededHost.Settings(new("http://127.0.0.1:9"));
        settings["Sources:media:Poll:First"] = "1.00:00:00";
        settings["Sources:media:Poll:Max"] = "1.00:00:00";
        return HostProcess.StartAsync(settings, "None");
    }

    private static async Task RegisterAsync(HostProcess host, int count, string prefix)
    {
        using var http = new HttpClient { BaseAddress = host.Url };
        foreach (var chunk in Enumerable.Range(0, count).Chunk(1000))
        {
            using var content = new StringContent(
                JsonSerializer.Serialize(chunk.Select(number => new { source = "media", id = Id(prefix, number), metadata = new { lesson = $"{number % 10}" } })), Encoding.UTF8, "application/json");
            (await http.PostAsync("/api/jobs", content, Cancelled)).EnsureSuccessStatusCode();
        }
    }

    private static string Id(string prefix, int number) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{number:0000000}");

    private static void Report(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
