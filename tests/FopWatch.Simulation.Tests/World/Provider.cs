using System.Net;
using System.Text;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Hosts;
using FopWatch.Simulator;
using StatusKind = FopWatch.Simulator.StatusAnswer;

namespace FopWatch.Simulation.Tests.World;

/// <summary>The providers, their impostors, and the network between them and FopWatch.</summary>
internal sealed class Provider(SimulatedWorld world)
{
    private readonly Dictionary<string, Fate> _fates = new(StringComparer.Ordinal);

    /// <summary>Whether the status API lies about outcomes, to test whether that is detected.</summary>
    public bool Lies { get; set; }

    /// <summary>The pending external actions.</summary>
    public int Outstanding { get; private set; }

    private TimeSpan Age => world.Age;

    public void Start(Cluster cluster)
    {
        foreach (var script in world.Scenario.Jobs)
        {
            var fate = _fates[script.Job.Id] = new(script);
            Do(() => RegisterAsync(cluster, script));
            if (script.Notifies)
            {
                foreach (var (number, age, only) in Notifications(script.Job))
                    Do(() => NotifyAsync(cluster, fate, number, age, only));
            }

            foreach (var (fake, at) in script.Fakes)
                Do(() => FakeAsync(cluster, script, fake, at));
            foreach (var (action, at) in script.Interventions)
                Do(() => ActAsync(cluster, script, action, at));
        }
    }

    /// <summary>Answers a query to a status API.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The queried id.</param>
    /// <param name="authorization">The authorization of a query to the status API of workflows; null for a query to the other one.</param>
    public HttpResponseMessage Answer(Source source, string id, string? authorization)
    {
        var isQiniu = source.Provider.Kind == Contracts.ProviderKind.Qiniu;
        var fate = _fates.GetValueOrDefault(id);
        if (authorization is not null && authorization != Authorization(source, id))
            return Response(401, """{"error":"bad token"}""");
        if ((fate?.Script.Job.Shape == BodyShape.QiniuWorkflowV3) != (authorization is not null))
            fate = null;

        var age = fate is null ? default : Age - fate.Script.SubmittedAfter;
        var answer = fate is null || age < TimeSpan.Zero || fate.Script.Source != source.Name ? StatusKind.NotFound
            : fate.Script.Truth == StatusTruth.NeverKnown || age >= fate.Script.ForgottenAfter ? StatusKind.NotFound
            : fate.Script.Truth == StatusTruth.Down ? (fate.Asked % 2 == 0 ? StatusKind.Failed599 : StatusKind.Hang)
            : fate.Script.Status.Where(window => age >= window.From && age < window.To).Select(window => (StatusKind?)window.Answer).FirstOrDefault()
                ?? StatusKind.Report;
        if (answer != StatusKind.Report)
            world.Tally.Add(answer == StatusKind.NotFound ? "unknown ids" : "status troubles");
        switch (answer)
        {
            case StatusKind.NotFound:
                return isQiniu ? Response(612, """{"error":"not such id in prefop"}""") : Response(404, """{"code":"404","message":"persistentId not found"}""");
            case StatusKind.Throttled:
                var throttled = Response(isQiniu ? 573 : 429, """{"error":"too frequent"}""");
                if (fate!.Asked++ % 2 == 0)
                    throttled.Headers.RetryAfter = new(TimeSpan.FromSeconds(90));
                return throttled;
            case StatusKind.Failed599:
                return Response(isQiniu ? 599 : 503, "");
            case StatusKind.Failed500:
                return Response(500, "");
            case StatusKind.Hang:
                throw new TaskCanceledException("It hangs.");
            case StatusKind.HtmlPage:
                return Response(200, "<!DOCTYPE html><title>Maintenance</title>");
            case StatusKind.Redirect:
                var redirect = Response(302, "");
                redirect.Headers.Location = new("http://liar.example.com/");
                return redirect;
        }

        var job = Lies ? ProviderReport.Lie(fate!.Script.Job) : fate!.Script.Job;
        var body = new ProviderReport(job, IsNotification: false, age, Scenario.Start + fate.Script.SubmittedAfter, fate.Asked++) { Notification = fate.Notification }.ToJson();
        return Response(200, answer == StatusKind.HalfBody ? body[..(body.Length / 2)] : body);
    }

    private static string Authorization(Source source, string id) => Signer.Qiniu(
        Scenario.QiniuKey.AccessKey,
        Scenario.QiniuKey.SecretKey,
        new(source.WorkflowEndpoint!, $"/v3/task/status/{id}"),
        "application/x-www-form-urlencoded",
        [],
        method: "GET");

    private static HttpResponseMessage Response(int status, string body) => new((HttpStatusCode)status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };

    private void Do(Func<Task> what)
    {
        Outstanding++;
        world.Scheduler.Start(world.Outside, async () =>
        {
            await what();
            Outstanding--;
        });
    }

    private async Task RegisterAsync(Cluster cluster, JobScript script)
    {
        if (script.Registering == Registering.Never)
            return;

        await world.UntilAsync(script.SubmittedAfter + script.RegisteredAfter);
        for (var tries = 0; ; tries++)
        {
            var status = await cluster.RegisterAsync(script);
            if (status == 202 || script.Registering == Registering.Once)
                return;
            await world.DelayAsync(TimeSpan.FromSeconds(Math.Min(600, 1 << Math.Min(tries, 10))));
        }
    }

    private async Task ActAsync(Cluster cluster, JobScript script, Intervention action, TimeSpan at)
    {
        await world.UntilAsync(at);
        switch (action)
        {
            case Intervention.LoseDueRow:
                var key = new JobKey(script.Source, script.Job.Id);
                if (world.Store.IndexedAt(key) is not null)
                {
                    world.Trace("outside", "loses the due row", script.Job.Id);
                    world.Tally.Add("due rows lost");
                    world.Checker.DueRowsLost++;
                    world.Store.LoseDueRow(key);
                }

                break;
            case Intervention.Register:
                if (script.SubmittedAfter <= Age)
                    await cluster.RegisterAsync(script);
                break;
            default:
                await cluster.DoAsync(action, script);
                break;
        }
    }

    /// <summary>The genuine notifications of a job: a number, the job's age that they report, and the only item that they list.</summary>
    private static IEnumerable<(int Number, TimeSpan Age, int? Only)> Notifications(SimulatedJob job)
    {
        if (!job.Separate)
            return [(0, job.DoneAfter, null)];

        return job.Items.Index().Select(pair => (pair.Index, pair.Item.FinishedAfter ?? job.DoneAfter, job.SeparateListsAll ? (int?)null : pair.Index));
    }

    private async Task NotifyAsync(Cluster cluster, Fate fate, int number, TimeSpan age, int? only)
    {
        var script = fate.Script;
        await world.UntilAsync(script.SubmittedAfter + age + script.Late);
        if (script.Late > TimeSpan.Zero)
            world.Tally.Add("notifications late");
        var message = Genuine(script, number, age, only);
        foreach (var replay in script.Replays)
        {
            Do(async () =>
            {
                await world.DelayAsync(replay);
                world.Tally.Add("notifications replayed");
                await SendAsync(cluster, message);
            });
        }

        var waits = script.Job.IsWangsu ? RetrySchedule.Wangsu : RetrySchedule.Qiniu;
        for (var attempt = 0; ; attempt++)
        {
            var status = await SendAsync(cluster, message);
            if (status == 200)
            {
                fate.Notification = NotificationFate.Delivered;
                return;
            }

            if (RetrySchedule.GivesUpAt(status, script.Job.IsWangsu) || attempt >= waits.Count)
            {
                world.Tally.Add("notifications given up");
                fate.Notification = NotificationFate.Failed;
                return;
            }

            fate.Notification = NotificationFate.Retrying;
            await world.DelayAsync(waits[attempt]);
        }
    }

    private async Task FakeAsync(Cluster cluster, JobScript script, Fake fake, TimeSpan at)
    {
        await world.UntilAsync(at);
        world.Tally.Add(fake == Fake.Undecodable ? "notifications undecodable" : "notifications forged");
        await SendAsync(cluster, Faked(script, fake));
    }

    /// <summary>The network: it loses requests and answers, and delivers some twice.</summary>
    private async Task<int?> SendAsync(Cluster cluster, Message message)
    {
        if (world.Faults.Strikes(0.08))
        {
            world.Tally.Add("notifications lost");
            await world.DelayAsync(TimeSpan.FromSeconds(20));
            return null;
        }

        if (world.Faults.Strikes(0.08))
        {
            world.Tally.Add("notifications doubled");
            Do(async () => await cluster.NotifyAsync(message));
        }

        var status = await cluster.NotifyAsync(message);
        return world.Faults.Strikes(0.05) ? null : status;
    }

    private Message Genuine(JobScript script, int number, TimeSpan age, int? only)
    {
        var job = script.Job;
        var body = Body(script, job, number, age, only);
        var source = world.Scenario.Source(script.Source);
        var believed = job.Signing is SigningScheme.Qiniu or SigningScheme.Wangsu || source.Trust == TrustRule.Token;
        return new()
        {
            Source = script.Source,
            Token = Scenario.Token,
            Id = job.Id,
            Correlation = job.Seed % 2 == 0 ? $"order-{job.Seed}" : null,
            Request = Signed(Url(script.Source, Scenario.Token), job, job.Signing, job.IsWangsu ? Scenario.WangsuKey : Scenario.QiniuKey, body),
            Expected = believed ? NotificationResult.Recorded : NotificationResult.Hinted,
            Report = believed ? source.Provider.Decode(ReportChannel.Notification, body).Report : null,
        };
    }

    private static Message Faked(JobScript script, Fake fake)
    {
        var strong = script.Job.IsWangsu ? SigningScheme.Wangsu : SigningScheme.Qiniu;
        var key = script.Job.IsWangsu ? Scenario.WangsuKey : Scenario.QiniuKey;
        var lie = ProviderReport.Lie(script.Job) with { Separate = false };
        if (fake == Fake.StrangeId)
            lie = lie with { Id = "stranger." + script.Job.Id };
        var body = Body(script, lie, 0, lie.DoneAfter, null);
        var token = fake == Fake.WrongToken ? "wrong-token-0" : Scenario.Token;
        var url = Url(script.Source, token);
        var expected = fake switch
        {
            Fake.WrongToken => (NotificationResult?)null,
            Fake.NoSignature or Fake.StrangeId => NotificationResult.Hinted,

            // Every signature of Wangsu covers the body, so this one is simply wrong.
            Fake.SwappedBody => script.Job.IsWangsu ? NotificationResult.Quarantined : NotificationResult.Hinted,
            _ => NotificationResult.Quarantined,
        };
        return new()
        {
            Source = script.Source,
            Token = token,
            Id = fake == Fake.Undecodable ? null : lie.Id,
            Expected = expected,
            Request = fake switch
            {
                Fake.WrongSignature => Signed(url, lie, strong, key with { SecretKey = "guessed" }, body),
                Fake.UnknownKey => Signed(url, lie, strong, new("stranger", "stranger"), body),
                Fake.SwappedBody when script.Job.IsWangsu =>
                    Signed(url, lie, strong, key, Body(script, script.Job, 0, script.Job.DoneAfter, null)) with { Body = body },
                Fake.SwappedBody => Signed(url, lie, SigningScheme.QBox, key, body),
                Fake.WrongToken => Signed(url, lie, strong, key, body),
                Fake.Undecodable => Signed(url, lie, strong, key, body[..(body.Length / 2)]),
                _ => Signed(url, lie, SigningScheme.None, key, body),
            },
        };
    }

    private static byte[] Body(JobScript script, SimulatedJob job, int number, TimeSpan age, int? only)
    {
        var json = new ProviderReport(job, IsNotification: true, age, Scenario.Start + script.SubmittedAfter, number) { Only = only }.ToJson();
        return job.IsWangsu ? WangsuBodies.Encode(json, job.Encoding) : Encoding.UTF8.GetBytes(json);
    }

    private static Uri Url(string source, string token) => new($"https://hooks.example.com/api/notify/{source}/{token}");

    private static SignedRequest Signed(Uri url, SimulatedJob job, SigningScheme scheme, SigningKey key, byte[] body)
    {
        var contentType = job.IsWangsu ? "text/plain; charset=UTF-8" : "application/json";
        return new()
        {
            Url = url,
            ContentType = contentType,
            Body = body,
            Authorization = scheme switch
            {
                SigningScheme.Qiniu => Signer.Qiniu(key.AccessKey, key.SecretKey, url, contentType, body),
                SigningScheme.QBox => Signer.QBox(key.AccessKey, key.SecretKey, url, contentType, body),
                SigningScheme.Wangsu => Signer.Wangsu(key.AccessKey, key.SecretKey, url.AbsoluteUri, body),
                _ => null,
            },
        };
    }

    /// <summary>A job at the provider.</summary>
    private sealed class Fate(JobScript script)
    {
        public JobScript Script { get; } = script;

        public int Asked { get; set; }

        public NotificationFate Notification { get; set; }
    }
}
