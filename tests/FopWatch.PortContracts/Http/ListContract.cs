using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host lists and shows jobs.</summary>
public abstract class ListContract : HostContract
{
    [Fact]
    public async Task The_list_is_newest_first_filtered_and_paged()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 5; i++)
            await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"z0.{{i}}"}""");
        await host.PostAsync("/api/jobs", """{"source":"files","id":"f"}""");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.3", StringComparison.Ordinal));

        Assert.Equal(["f", "z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(await host.ListAsync()));
        Assert.Equal(["z0.3"], Ids(await host.ListAsync("?state=succeeded")));
        Assert.Equal(["f"], Ids(await host.ListAsync("?source=files&state=waiting")));
        Assert.Empty((await host.ListAsync("?since=2999-01-01T00:00:00Z")).Jobs);

        var first = await host.ListAsync("?source=media&top=2");
        var second = await host.ListAsync($"?source=media&top=2&continuation={Uri.EscapeDataString(first.Continuation!)}");
        var third = await host.ListAsync($"?source=media&top=2&continuation={Uri.EscapeDataString(second.Continuation!)}");
        Assert.Equal(["z0.4", "z0.3", "z0.2", "z0.1", "z0.0"], Ids(first).Concat(Ids(second)).Concat(Ids(third)));
        Assert.Null(third.Continuation);

        static IEnumerable<string> Ids(JobList list) => list.Jobs.Select(job => job.Id);
    }

    [Fact]
    public async Task A_list_since_a_time_accepts_RFC_3339_only()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        var at = (await host.JobAsync("media", "z0.a")).RegisteredAt;
        var inChina = at.ToOffset(TimeSpan.FromHours(8));

        // To the tick, in any time zone.
        foreach (var (ticks, jobs) in ((int, int)[])[(0, 1), (1, 0)])
        {
            Assert.Equal(jobs, await CountAsync(at.AddTicks(ticks).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture)));
            Assert.Equal(jobs, await CountAsync(inChina.AddTicks(ticks).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture)));
        }

        Assert.Equal(1, await CountAsync("2026-01-31T12:00:00Z"));
        Assert.Equal(1, await CountAsync("2026-01-31t12:00:00.123456789-05:30"));
        Assert.Equal(0, await CountAsync("2999-01-31T12:00:00z"));

        string[] refused = ["12:00", "01/02/2026", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31 12:00:00Z", "Sat, 31 Jan 2026 12:00:00 GMT", "2026-02-30T12:00:00Z", "1769860800"];
        foreach (var since in refused)
            await AssertRefusedAsync(Uri.EscapeDataString(since));

        // An unescaped plus sign becomes a blank.
        await AssertRefusedAsync("2026-01-31T12:00:00+08:00");

        async Task<int> CountAsync(string since) => (await host.ListAsync($"?since={Uri.EscapeDataString(since)}")).Jobs.Count;

        async Task AssertRefusedAsync(string since)
        {
            using var answer = await host.Http.GetAsync($"/api/jobs?since={since}", Cancelled);
            Assert.Equal((since, HttpStatusCode.BadRequest), (since, answer.StatusCode));
            Assert.Equal("since", Assert.Single((await ServedHost.ProblemAsync(answer)).Errors!).Element);
        }
    }

    [Fact]
    public async Task A_job_is_found_by_its_reference()
    {
        await using var host = await StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"z0.a"},{"source":"media","id":"z0.b"},{"source":"files","id":"z0.a"}]""");
        var reference = (await host.JobAsync("media", "z0.a")).Ref;

        Assert.Equal(("media", "z0.a"), Found($"?ref={reference}"));
        Assert.Equal(("media", "z0.a"), Found($"?ref={reference}&source=media&state=waiting&watch=watching"));
        Assert.Empty((await host.ListAsync($"?ref={reference}&source=files")).Jobs);
        Assert.Empty((await host.ListAsync($"?ref={reference}&state=failed")).Jobs);
        Assert.Empty((await host.ListAsync($"?ref={new string('0', 24)}")).Jobs);

        (string, string) Found(string query) => Assert.Single(host.ListAsync(query).GetAwaiter().GetResult().Jobs) is var job ? (job.Source, job.Id) : default;
    }

    [Fact]
    public async Task An_output_in_a_bucket_with_a_domain_has_a_URL()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync(
            "media",
            """
            {"id":"z0.a","code":0,"desc":"ok","inputBucket":"course-video","items":[
             {"cmd":"avthumb/mp4","code":0,"key":"第 1 课/a?b#c%d.mp4"},
             {"cmd":"avthumb/flv|saveas/b3RoZXI6YS5mbHY=","code":0,"key":"a.flv"}]}
            """);

        var got = await host.JobAsync("media", "z0.a");
        var listed = Assert.Single((await host.ListAsync("?source=media")).Jobs);
        var republished = (await (await host.PostAsync("/api/jobs/media/z0.a/republish")).Content.ReadFromJsonAsync(ContractsJson.Default.JobRecord, Cancelled))!;

        foreach (var job in (JobRecord[])[got, listed, republished])
        {
            var urls = job.Items.SelectMany(item => item.Outputs).ToDictionary(output => output.Bucket!, output => output.Url);
            Assert.Equal("https://cdn.example.com/v/%E7%AC%AC%201%20%E8%AF%BE/a%3Fb%23c%25d.mp4", urls["course-video"]);
            Assert.Null(urls["other"]);
        }
    }

    [Fact]
    public async Task A_list_has_short_results_with_their_verdicts_and_the_job_has_them_whole()
    {
        await using var host = await StartAsync();
        var frames = string.Join(',', Enumerable.Range(0, 2_000).Select(i => $$"""{"offset":{{i}},"suggestion":"pass"}"""));
        var labels = string.Join(',', Enumerable.Range(0, 2_000).Select(i => $$"""
            "{{i:0000}}":{"score":{{i}}}
            """.Trim()));
        var whole = new Dictionary<string, string>
        {
            ["audit/list"] = $$"""{"cuts":[{{frames}}],"suggestion":"block"}""",
            ["audit/objects"] = $$$"""{"labels":{{{{labels}}}},"suggestion":"review"}""",
            ["audit/short"] = """{"suggestion":"pass"}""",
            ["audit/text"] = $$"""{"suggestion":"block","text":"{{new string('长', 5_000)}}"}""",
        };
        var items = string.Join(',', whole.Select(one => $$"""{"cmd":"{{one.Key}}","code":0,"result":{{one.Value}}}"""));
        await host.NotifyAsync("media", $$"""{"id":"z0.a","code":0,"desc":"ok","items":[{{items}}]}""");

        var got = await host.JobAsync("media", "z0.a");
        var listed = Assert.Single((await host.ListAsync("?source=media")).Jobs);
        var text = await host.Http.GetStringAsync("/api/jobs?source=media", Cancelled);

        Assert.False(got.Truncated);
        Assert.All(got.Items, item =>
        {
            Assert.Equal(whole[item.Command], item.Result!.Value.GetRawText());
            Assert.Null(item.Truncated);
        });
        Assert.True(listed.Truncated);
        Assert.All(listed.Items, item => Assert.InRange(Encoding.UTF8.GetByteCount(item.Result!.Value.GetRawText()), 1, 8 * 1024));
        var byCommand = listed.Items.ToDictionary(item => item.Command);
        Assert.Equal(
            ["block", "review", "pass", "block"],
            whole.Keys.Select(command => byCommand[command].Result!.Value.GetProperty("suggestion").GetString()));
        var cuts = byCommand["audit/list"].Result!.Value.GetProperty("cuts").GetArrayLength();
        Assert.Equal([new() { At = "/result/cuts", Elements = 2_000 - cuts }], byCommand["audit/list"].Truncated!);
        var left = byCommand["audit/objects"].Result!.Value.GetProperty("labels").EnumerateObject().Count();
        Assert.Equal($"/result/labels/{left:0000}", byCommand["audit/objects"].Truncated!.First(gone => gone.Dropped == true).At);
        Assert.Contains(new() { At = "/result", More = true }, byCommand["audit/objects"].Truncated!);
        Assert.Contains($$"""{"at":"/result/labels/{{left:0000}}","dropped":true}""", text, StringComparison.Ordinal);
        Assert.Null(byCommand["audit/short"].Truncated);
        var kept = byCommand["audit/text"].Result!.Value.GetProperty("text").GetString()!;
        Assert.Equal([new() { At = "/result/text", TextBytes = kept.Length * 3 }], byCommand["audit/text"].Truncated!);
    }
}
