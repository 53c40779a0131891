namespace FopWatch.Simulator;

/// <summary>A job of a plan while its details are being decided.</summary>
internal sealed class JobDraft
{
    private static readonly string[] Errors =
    [
        "execute fop cmd failed: not a valid media",
        "execute fop cmd failed: not a valid video",
        "get from s3 failed: 404 no such file or directory",
        "execute fop cmd failed: 处理超时",
        "output exceeds the limit: <1 GiB> & counting",
    ];

    private readonly int _seed;
    private readonly BodyShape _shape;
    private readonly PlanOptions _options;

    public JobDraft(int seed, BodyShape shape, PlanOptions options)
    {
        (_seed, _shape, _options) = (seed, shape, options);
        Random = Seeded.Random(seed, 2);
        ItemCount = 1 + (int)(4 * Math.Pow(Random.NextDouble(), 2));
        Failures = Random.Chance(0.2) ? Random.Next(1, ItemCount + 1) : 0;
        Signing = StrongScheme;
        Encrypted = Random.Chance(0.1);
        Repeats = Random.Chance(0.1);
        Separate = IsWangsu && Random.Chance(0.15);
        SeparateListsAll = Random.Chance(0.5);
        Encoding = Random.Chance(0.7) ? WangsuEncoding.UrlSafeBase64 : (WangsuEncoding)Random.Next(4);
    }

    public Random Random { get; }

    public int ItemCount { get; private set; }

    public int Failures { get; set; }

    /// <summary>Whether the first commands fail, on which others depend.</summary>
    public bool FailsFirst { get; set; }

    public bool ReturnOld { get; set; }

    public bool ClaimsSuccess { get; set; }

    public bool Cancelled { get; set; }

    public bool Idle { get; set; }

    public bool Encrypted { get; set; }

    public bool Repeats { get; set; }

    public bool Audited { get; set; }

    public bool Archived { get; set; }

    public bool Separate { get; set; }

    public bool SeparateListsAll { get; set; }

    public bool Unobtainable { get; set; }

    public WangsuEncoding Encoding { get; set; }

    public SigningScheme Signing { get; set; }

    public FaultPlan Faults { get; set; } = FaultPlan.None;

    public SigningScheme StrongScheme =>
        !_options.UseSignatures ? SigningScheme.None : IsWangsu ? SigningScheme.Wangsu : SigningScheme.Qiniu;

    private bool IsWangsu => _shape is BodyShape.WangsuFmgr or BodyShape.WangsuFops;

    public void AtLeastItems(int count) => ItemCount = Math.Max(ItemCount, count);

    public TimeSpan Lateness() => Random.Between(_options.MinLate, _options.MaxLate);

    public SimulatedJob ToJob()
    {
        var processingAfter = Random.Between(TimeSpan.Zero, _options.MaxWaiting);
        // Log-uniform: most jobs are short and few are long.
        var processing = _options.MinProcessing * Math.Pow(_options.MaxProcessing / _options.MinProcessing, Random.NextDouble());
        var bucket = Random.Pick(["media", "course-video", "ugc-2024"]);
        var items = Items(bucket, processingAfter, processing);
        var inputs = new string[] { $"in/{Random.Hex(12)}.mp4", $"o_{Random.Alphanumeric(20)}.mp4", $"视频/第{Random.Next(1, 99)}课 +&.mov" };

        return new()
        {
            Seed = _seed,
            Id = NewId(),
            Shape = _shape,
            Items = items,
            Bucket = bucket,
            Key = Random.Pick(inputs),
            Pipeline = Random.Chance(0.5) ? "0.default" : $"138{Random.Next(1000000, 9999999)}.transcode",
            RequestId = Random.Base64Text(16),
            TaskFrom = _shape == BodyShape.QiniuClassic && Random.Chance(0.2)
                ? Random.Pick(["workflow:", "workflow: ", "trigger:"]) + Random.Hex(24)
                : null,
            Idle = Idle,
            ProcessingAfter = processingAfter,
            DoneAfter = processingAfter + processing,
            Cancelled = Cancelled,
            Separate = Separate && ItemCount > 1,
            SeparateListsAll = SeparateListsAll,
            Unpacked = _shape == BodyShape.WangsuFmgr && ItemCount == 1 && items[0].Outputs.Count > 0 && Seeded.Random(_seed, 10).Chance(0.2)
                ? [.. Enumerable.Range(1, 40).Select(i => $"unzipped/{i}.jpg")]
                : [],
            ClaimsSuccess = ClaimsSuccess,
            Signing = Signing,
            Encoding = Encoding,
            Unobtainable = Unobtainable,
            Faults = Faults with { NotFoundWindow = _options.NotFoundWindow },
        };
    }

    /// <summary>The observed forms of ids (providers.md, sections 1 and 2).</summary>
    private string NewId() => _shape switch
    {
        BodyShape.WangsuFmgr => "2010" + Random.Hex(33),
        BodyShape.WangsuFops => "1005" + Random.Hex(32),
        BodyShape.QiniuWorkflowV2 or BodyShape.QiniuWorkflowV3 => "z0." + Random.Hex(32).ToUpperInvariant(),
        _ => Random.Next(5) switch
        {
            0 => "16" + Random.Alphanumeric(16),
            1 => Random.Hex(24),
            2 => "z0." + Random.Hex(24),
            3 => "z0." + Random.Hex(32).ToUpperInvariant(),
            _ => "z2.01z" + Random.Alphanumeric(25),
        },
    };

    private SimulatedItem[] Items(string bucket, TimeSpan processingAfter, TimeSpan processing)
    {
        var fates = Fates();
        var items = new SimulatedItem[ItemCount];
        var asked = Enumerable.Range(0, ItemCount).Select(i => Item(bucket, i)).ToArray();
        if (Repeats && ItemCount > 1)
            asked[^1] = asked[^2];

        // The same command produces the same output from the same file.
        asked = [.. asked.Select(item => asked.First(same => same.Command == item.Command))];
        for (var i = 0; i < ItemCount; i++)
        {
            // Commands run one after the other, in equal shares of the processing.
            var item = asked[i] with
            {
                Fate = fates[i],
                StartedAfter = processingAfter + (processing * i / ItemCount),
                FinishedAfter = i == ItemCount - 1 ? null : processingAfter + (processing * (i + 1) / ItemCount),
                DependsOn = _shape is BodyShape.QiniuWorkflowV3 && i > 0 ? [0] : [],
            };
            items[i] = fates[i] switch
            {
                ItemFate.Succeeded => item with { ReturnOld = ReturnOld && i == 0 },
                ItemFate.Failed => item with { Outputs = [], Unpacked = [], Suggestion = null, Error = Random.Pick(Errors) },
                _ => item with { Outputs = [], Unpacked = [], Suggestion = null },
            };
        }

        return items;
    }

    private ItemFate[] Fates()
    {
        var fates = new ItemFate[ItemCount];
        if (Cancelled)
        {
            Array.Fill(fates, ItemFate.Skipped, 1, ItemCount - 1);
        }
        else if (_shape == BodyShape.QiniuWorkflowV3 && FailsFirst)
        {
            // Everything depends on the first command, so nothing else ever runs.
            Array.Fill(fates, ItemFate.Skipped);
            fates[0] = ItemFate.Failed;
        }
        else
        {
            // In a workflow, the first command must succeed for others to run and fail.
            var first = _shape == BodyShape.QiniuWorkflowV3 && Failures < ItemCount ? 1 : 0;
            foreach (var index in Random.Shuffled(Enumerable.Range(first, ItemCount - first)).Take(Failures))
                fates[index] = ItemFate.Failed;
            if (_shape == BodyShape.QiniuWorkflowV3 && fates[0] == ItemFate.Failed)
                Array.Fill(fates, ItemFate.Skipped, 1, ItemCount - 1);
        }

        return fates;
    }

    private SimulatedItem Item(string bucket, int index) => _shape switch
    {
        BodyShape.WangsuFmgr => FileOperation(bucket),
        _ when Encrypted && index == 0 && _shape != BodyShape.QiniuWorkflowV2 => EncryptedStream(bucket),
        BodyShape.QiniuWorkflowV2 => Transcoding(bucket, saveAs: false),
        BodyShape.QiniuClassic when Audited && index == 0 => Audit(),
        BodyShape.QiniuClassic when Archived && index == 0 => Archive(bucket),
        _ => Random.Next(_shape == BodyShape.QiniuClassic ? 8 : 3) switch
        {
            0 => Screenshot(bucket),
            1 or 2 or 3 => Transcoding(bucket, saveAs: Random.Chance(0.7)),
            4 => Screenshots(bucket),
            5 => Audit(),
            6 => Archive(bucket),
            _ => new() { Command = "avinfo", Fate = ItemFate.Succeeded },
        },
    };

    private SimulatedItem Transcoding(string bucket, bool saveAs)
    {
        var (format, rest) = Random.Pick(
        [
            ("mp4", "/vb/1.4m/ab/128k/s/1280x720"),
            ("mp4", "/an/1"),
            ("mp4", "/wmText/UWluaXU=/wmFontSize/40/wmGravityText/NorthWest"),
            ("mp3", "/ab/160k/ar/44100/acodec/libmp3lame"),
            ("m3u8", "/segtime/15/vb/440k"),
        ]);
        var output = Output(bucket, format);
        var command = $"avthumb/{format}{rest}" + (saveAs ? SaveAs(output) : "");
        // Without a target, the provider generates the key. Identical commands are intended.
        return new() { Command = command, Fate = ItemFate.Succeeded, Outputs = [saveAs ? output : output with { Key = $"{Random.Base64Text(27)}=/{output.Hash}" }] };
    }

    private SimulatedItem EncryptedStream(string bucket)
    {
        var key = new byte[16];
        Random.NextBytes(key);
        // Some applications use the standard alphabet, which has slashes.
        var secret = key[0] % 2 == 0 ? Convert.ToBase64String(key) : Signer.Base64UrlPadded(key);
        var token = Random.Alphanumeric(20);
        var output = Output(bucket, "m3u8");
        return new()
        {
            Command = $"avthumb/m3u8/noDomain/1/vb/5m/segtime/10/hlsKey/{secret}/hlsKeyUrl/{Base64($"https://keys.example.com/hls?e=1490169871&token={token}")}{SaveAs(output)}",
            Fate = ItemFate.Succeeded,
            Outputs = [output],
            Secret = secret,
            UrlSecret = token,
        };
    }

    private SimulatedItem Archive(string bucket)
    {
        var token = Random.Alphanumeric(20);
        var output = Output(bucket, "zip");
        var url = Base64($"https://private.example.com/{Random.Hex(8)}.mp4?e=1490169871&token={token}");
        return new()
        {
            Command = $"mkzip/2/url/{url}/alias/{Base64("第1课.mp4")}{SaveAs(output)}",
            Fate = ItemFate.Succeeded,
            Outputs = [output],
            UrlSecret = token,
        };
    }

    private SimulatedItem Audit() => new()
    {
        Command = $"video-censor/v2/{Random.Pick(["pulp", "terror", "politician"])}",
        Fate = ItemFate.Succeeded,
        Suggestion = Random.Pick(["pass", "review", "block"]),
    };

    private SimulatedItem Screenshot(string bucket)
    {
        var output = Output(bucket, "jpg");
        return new() { Command = $"vframe/jpg/offset/{Random.Next(60)}/w/480{SaveAs(output)}", Fate = ItemFate.Succeeded, Outputs = [output] };
    }

    private SimulatedItem Screenshots(string bucket)
    {
        var name = Random.Hex(8);
        var outputs = Enumerable.Range(1, Random.Next(2, 7)).Select(i => Output(bucket, "jpg") with { Key = $"shots/{name}/{i:d3}.jpg" });
        return new()
        {
            Command = $"vsample/jpg/ss/5/t/60/interval/10/pattern/{Base64($"shots/{name}/$(count).jpg")}",
            Fate = ItemFate.Succeeded,
            Outputs = [.. outputs],
        };
    }

    private SimulatedItem FileOperation(string bucket)
    {
        var output = Output(bucket, Random.Pick(["mp4", "zip", "jpg"]));
        var to = $"bucket/{Base64(bucket)}/key/{Base64(output.Key)}";
        IReadOnlyList<string> unpacked = output.Key.EndsWith(".zip", StringComparison.Ordinal) ? [$"{output.Key}/a.txt", $"{output.Key}/b.txt"] : [];
        return Random.Next(4) switch
        {
            0 => Fetch(Random.Alphanumeric(20)) with { Outputs = [output], Unpacked = unpacked },
            1 => new() { Command = to, Fate = ItemFate.Succeeded }, // A deletion.
            _ => new() { Command = $"resource/{Base64($"{bucket}:src/{Random.Hex(8)}.mp4")}/{to}", Fate = ItemFate.Succeeded, Outputs = [output], Unpacked = unpacked },
        };

        SimulatedItem Fetch(string token) =>
            new() { Command = $"fetchURL/{Base64($"http://origin.example.com/{Random.Hex(8)}?token={token}")}/{to}", Fate = ItemFate.Succeeded, UrlSecret = token };
    }

    private SimulatedOutput Output(string bucket, string extension) =>
        new(bucket, $"out/{Random.Hex(16)}.{extension}", Random.Pick(["F", "l"]) + Random.Base64Text(27), Random.Next(2_000, 400_000_000));

    private static string SaveAs(SimulatedOutput output) => $"|saveas/{Base64($"{output.Bucket}:{output.Key}")}";

    private static string Base64(string text) => Signer.Base64UrlPadded(System.Text.Encoding.UTF8.GetBytes(text));
}
