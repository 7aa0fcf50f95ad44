/** One function of a tool. */
export interface ToolFunction {
  readonly name: string;
  /** What it is for, as the list of tools says it. */
  readonly purpose: string;
  /** What somebody wants who needs it, as part of a sentence: `estimate the age of each visitor`. Several wordings. */
  readonly wishes: readonly string[];
}

export interface Tool {
  readonly name: string;
  readonly functions: readonly ToolFunction[];
}

/** A wish in a user's words with the calls that fulfil it, in order, as `tool.function`. */
export interface Scenario {
  readonly text: string;
  readonly calls: readonly string[];
}

/** Tools that a model may be asked to choose from, and what they are needed for. */
export interface ToolBook {
  readonly dataset: string;
  readonly tools: readonly Tool[];
  /** Written scenarios; without any, they are put together from wishes. */
  readonly scenarios: readonly Scenario[];
}

const tool = (
  name: string,
  ...functions: readonly (readonly [name: string, purpose: string, ...wishes: string[]])[]
): Tool => ({
  name,
  functions: functions.map(([function_, purpose, ...wishes]) => ({ name: function_, purpose, wishes })),
});

/** Thirteen face tools with thirty-two functions, one tool for each task on images. */
export const FACE_TOOLS: ToolBook = {
  dataset: 'Face tools',
  scenarios: [],
  tools: [
    tool(
      'age',
      [
        'estimate_age',
        'age of a face in years',
        'find out how many years old the person is',
        'get a number for the age of the person',
      ],
      [
        'age_group',
        'age group of a face',
        'put the person into an age bracket',
        'see which age bracket the person falls into',
      ],
    ),
    tool(
      'gender',
      [
        'classify_gender',
        'gender of one face',
        'label the gender of the person',
        'note whether the person is a man or a woman',
      ],
      [
        'gender_balance',
        'share of men and women in a set of pictures',
        'work out the ratio of men to women in the whole set',
        'check whether men and women are equally frequent in the set',
      ],
    ),
    tool(
      'race',
      [
        'classify_race',
        'race label of one face',
        'assign a race label to the person',
        'record the race label of the person',
      ],
      [
        'race_distribution',
        'how often each race label occurs in a set of pictures',
        'count how often each race label occurs in the whole set',
        'tabulate the race labels of the whole set',
      ],
      [
        'same_race',
        'whether two faces have the same race label',
        'test whether the two people share a race label',
        'compare the race labels of the two people',
      ],
    ),
    tool(
      'anti_spoofing',
      [
        'is_live',
        'whether a live person is before the camera',
        'make sure that a live person is before the camera',
        'rule out that anything but a live person is shown to the camera',
      ],
      [
        'attack_type',
        'kind of presentation attack in a picture',
        'name the kind of presentation attack',
        'tell apart prints, screens and masks held before the camera',
      ],
    ),
    tool(
      'deepfake',
      [
        'is_manipulated',
        'whether a face was altered by software',
        'check that the face was not altered by software',
        'detect whether software changed the face',
      ],
      [
        'manipulation_method',
        'method by which a face was altered',
        'determine the method by which the face was altered',
        'say which manipulation technique was used on the face',
      ],
    ),
    tool(
      'low_resolution_recognition',
      [
        'verify_small',
        'whether two very small faces are one person',
        'decide whether two tiny surveillance crops show one person',
        'confirm that two crops of a few pixels are one person',
      ],
      [
        'search_small',
        'who of a gallery a very small face is',
        'look up a tiny surveillance crop in the watch list',
        'match a crop of a few pixels against the watch list',
      ],
      [
        'group_small',
        'groups very small faces by person',
        'group the tiny surveillance crops by person',
        'sort the crops of a few pixels into piles of one person each',
      ],
    ),
    tool(
      'face_recognition',
      [
        'verify',
        'whether two sharp faces are one person',
        'compare the sharp portrait with the passport photo',
        'confirm that the sharp portrait and the passport photo are one person',
      ],
      [
        'search',
        'who of a gallery a sharp face is',
        'look up the sharp portrait in the register of members',
        'find the sharp portrait in the register of members',
      ],
      [
        'group',
        'groups sharp faces by person',
        'group the sharp portraits by person',
        'sort the sharp portraits into one album a person',
      ],
    ),
    tool(
      'celebrity',
      ['name_celebrity', 'name of a well-known person', 'name the famous person', 'find out which famous person it is'],
      [
        'celebrity_profile',
        'public profile of a well-known person by name',
        'fetch the public profile of the famous person',
        'retrieve the public biography of the famous person',
      ],
    ),
    tool(
      'attributes',
      [
        'list_attributes',
        'all attributes that a face has',
        'list every attribute of the face',
        'write down all attributes that the face has',
      ],
      ['has_attribute', 'whether a face has one attribute', 'check for eyeglasses', 'see whether there is a hat'],
      [
        'common_attributes',
        'attributes that several faces share',
        'find the attributes that all the faces share',
        'collect what attributes the faces have in common',
      ],
    ),
    tool(
      'expression',
      [
        'classify_expression',
        'expression of one face',
        'read the expression of the face',
        'label the expression of the face',
      ],
      [
        'expression_timeline',
        'expressions along a video',
        'follow how the expressions change over the video',
        'plot the expressions over the course of the video',
      ],
      [
        'dominant_expression',
        'most frequent expression of a group',
        'tell which expression is most frequent in the group',
        'find the prevailing expression of the group',
      ],
    ),
    tool(
      'head_pose',
      [
        'estimate_pose',
        'yaw, pitch and roll of a head',
        'measure yaw, pitch and roll of the head',
        'get the angles of the head',
      ],
      [
        'is_frontal',
        'whether a face is seen from the front',
        'keep the picture only if the face is seen from the front',
        'test whether the face looks straight at the camera',
      ],
    ),
    tool(
      'crowd',
      [
        'count_people',
        'number of people in a picture',
        'count the people in the scene',
        'determine how many people are in the scene',
      ],
      [
        'density_map',
        'where in a picture people stand most densely',
        'map where the people stand most densely',
        'locate the most crowded spots of the scene',
      ],
    ),
    tool(
      'segmentation',
      [
        'segment_parts',
        'all parts of a face by pixel',
        'outline every part of the face',
        'assign each pixel of the face to a part',
      ],
      ['extract_part', 'one part of a face, cut out', 'cut out the hair alone', 'isolate the lips'],
      [
        'recolour_part',
        'one part of a face in another colour',
        'show the hair in another colour',
        'try another colour on the lips',
      ],
    ),
  ],
};

/** Who wants something, for scenarios that are put together. */
export const SETTINGS: readonly string[] = [
  'A museum evaluates its entrance camera.',
  'An airline sets up its self-service gates.',
  'A photo archive prepares a new collection.',
  'A bank opens accounts by video call.',
  'A newspaper checks pictures that readers sent in.',
  'A city festival reviews its safety cameras.',
  'A film studio goes through casting tapes.',
  'A research group cleans a data set.',
  'A school for make-up artists builds an app.',
  'A stadium tries out a new entry system.',
  'A dating service reviews profile pictures.',
  'A hospital tests its patient check-in.',
];

/** The tools as a list for the model. */
export function describeTools({ tools }: ToolBook): string {
  const lines = tools.flatMap(({ name, functions }) =>
    functions.map(({ name: function_, purpose }) => `- ${name}.${function_}: ${purpose}`),
  );
  return `These face tools can be called:\n${lines.join('\n')}`;
}
