"""Writes a Qwen2-VL of random weights (0.2 million parameters) with a tokenizer of single bytes: python random-vlm.py FOLDER."""
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
)

try:
    from transformers import Qwen2VLVideoProcessor
except ImportError:
    Qwen2VLVideoProcessor = None

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] in ['image', 'image_url'] %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

folder = sys.argv[1]
torch.manual_seed(1)
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
vocabulary = {token: i for i, token in enumerate(alphabet + SPECIAL)}
tokenizer = Tokenizer(models.BPE(vocab={t: i for t, i in vocabulary.items() if t not in SPECIAL}, merges=[]))
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
fast.add_special_tokens({"additional_special_tokens": SPECIAL})
fast.chat_template = TEMPLATE
ids = {token: fast.convert_tokens_to_ids(token) for token in SPECIAL}

config = Qwen2VLConfig(
    text_config={
        "vocab_size": len(fast),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 8192,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
        "bos_token_id": ids["<|im_start|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    },
    vision_config={"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14},
    image_token_id=ids["<|image_pad|>"],
    video_token_id=ids["<|video_pad|>"],
    vision_start_token_id=ids["<|vision_start|>"],
    vision_end_token_id=ids["<|vision_end|>"],
)
model = Qwen2VLForConditionalGeneration(config)
model.generation_config.eos_token_id = ids["<|im_end|>"]
model.generation_config.pad_token_id = ids["<|endoftext|>"]
print(sum(p.numel() for p in model.parameters()), "parameters")
image_processor = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56)
parts = {"image_processor": image_processor, "tokenizer": fast, "chat_template": TEMPLATE}
if Qwen2VLVideoProcessor is not None:
    parts["video_processor"] = Qwen2VLVideoProcessor()
Qwen2VLProcessor(**parts).save_pretrained(folder)
model.save_pretrained(folder)
